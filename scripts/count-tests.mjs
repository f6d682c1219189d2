// Reads vitest's JSON report and ends with the plain line 'N passed, N failed'; a skipped test counts against the run.
// Usage: node scripts/count-tests.mjs REPORT EXIT_STATUS_OF_VITEST
import fs from 'node:fs';

const [file = '', status = '1'] = process.argv.slice(2);
const text = fs.readFileSync(file, 'utf8');
const report = text === '' ? { numPassedTests: 0, numFailedTests: 0, testResults: [] } : JSON.parse(text);

/** @type {{ status: string, fullName: string }[]} */
const tests = report.testResults.flatMap((/** @type {any} */ result) => result.assertionResults);
const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
for (const test of skipped) process.stdout.write(`${test.status}: ${test.fullName}\n`);
if (skipped.length > 0) process.stdout.write('In this run no test may be skipped.\n');

const passed = report.numPassedTests;
const sound = status === '0' && passed > 0;
if (status !== '0') process.stdout.write(`vitest ended with status ${status}.\n`);
// A run may fail with no failing test: an error outside of any, a file that does not load, or no report at all.
const failed = Math.max(report.numFailedTests, sound ? 0 : 1);
const more = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
process.stdout.write(`\n${passed} passed, ${failed} failed${more}\n`);
process.exitCode = failed === 0 && skipped.length === 0 ? 0 : 1;
