// The diagnosis as the dashboard shows it: what is wrong in one sentence, and what to do in another.
import type { DashboardOptions } from 'openline/dashboard';
import type { Diagnosis } from 'openline/insight';

type Shown = ReturnType<NonNullable<DashboardOptions['diagnose']>>;

/** Divides it: its sentence has the advice at the end, and the page shows that below. */
export function diagnosisOf({ verdict, sentence, advice }: Diagnosis): Shown {
  const withoutAdvice =
    advice !== '' && sentence.endsWith(advice) ? sentence.slice(0, -advice.length) : sentence;
  return { sentence: withoutAdvice.trim(), advice, healthy: verdict === 'healthy' };
}
