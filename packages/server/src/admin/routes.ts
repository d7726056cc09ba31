import { deleteAccount, getAccounts, postAccounts, putAccount } from './accounts.ts';
import { getClock, postClock } from './clock.ts';
import { postEvents } from './events.ts';
import { deleteFault, deleteFaults, getFaults, postFault } from './faults.ts';
import { getHealth, getReady } from './health.ts';
import { getIngest } from './ingest.ts';
import { deleteKey, getKeys } from './keys.ts';
import { getMetrics } from './metrics.ts';
import { deleteRequests, getExplainSignature, getRequests } from './requests.ts';
import type { Route } from './route.ts';
import { getRules, postRules } from './rules.ts';
import { deleteSession, getSessions } from './sessions.ts';
import { getStreamEvents } from './streams.ts';
import { getTriggers, postTrigger } from './trigger.ts';
import { postUserScenario } from './user-scenario.ts';

/** Every admin call there is (design §4.3). The first is the hot one. */
export const ROUTES: readonly Route[] = [
  postEvents,
  getIngest,
  getStreamEvents,
  getKeys,
  deleteKey,
  getSessions,
  deleteSession,
  getAccounts,
  postAccounts,
  putAccount,
  deleteAccount,
  getTriggers,
  postTrigger,
  postUserScenario,
  getClock,
  postClock,
  getRules,
  postRules,
  getFaults,
  postFault,
  deleteFault,
  deleteFaults,
  getRequests,
  deleteRequests,
  getExplainSignature,
  getHealth,
  getReady,
  getMetrics,
];
