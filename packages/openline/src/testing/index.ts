// The public surface of the testing kit.

export { FakeCall, type FakeConnection, type FakeStep, type FakeStepName } from './fake-call.ts';
export { FakeConnector, type FakeConnectorOptions, type FakeOpen } from './fake-connector.ts';
export { type ConnectAttempt, FaultProxy, type FaultProxyOptions } from './fault-proxy.ts';
export { assertBudgetInvariants, assertInvariants, type InvariantOptions } from './invariants.ts';
export { ManualClock, type PendingTimer } from './manual-clock.ts';
