import { jsonAnswer } from './answer.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';
import { SAMPLE_EVERY_MS } from './sampler.ts';

/** The figures of the last ten minutes, one sample a second; with `?after=N` those that came behind sample N. */
export const getSamples: Route = {
  method: 'GET',
  path: '/admin/v1/samples',
  role: 'read',
  handle({ url }, { sampler }) {
    const after = url.searchParams.get('after') ?? '0';
    if (!/^\d{1,15}$/.test(after)) throw new Refusal(400, 'after: expected the number of a sample, its "n"');
    return jsonAnswer({ everyMs: SAMPLE_EVERY_MS, samples: sampler.after(Number(after)) });
  },
};
