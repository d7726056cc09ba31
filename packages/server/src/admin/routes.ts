import { deleteAccount, getAccounts, postAccounts, putAccount } from './accounts.ts';
import { getClock, postClock } from './clock.ts';
import { getConsole, getConsoleByName, getConsoleFile } from './console.ts';
import { postEvents } from './events.ts';
import { deleteFault, deleteFaults, getFaults, postFault } from './faults.ts';
import { getHealth, getReady } from './health.ts';
import { getIngest } from './ingest.ts';
import { deleteKey, getKeys } from './keys.ts';
import { getMetrics } from './metrics.ts';
import { deleteReplays, getReplays, postReplay } from './replay.ts';
import { deleteRequests, getExplainSignature, getRequests } from './requests.ts';
import type { Route } from './route.ts';
import { getRules, postRules } from './rules.ts';
import { getSamples } from './samples.ts';
import { deleteSession, deleteSubscription, getSessions } from './sessions.ts';
import { getStatus } from './status.ts';
import { getStreamEvents } from './streams.ts';
import { getTail } from './tail.ts';
import { getTriggers, postTrigger } from './trigger.ts';
import { postUserScenario } from './user-scenario.ts';

/** Every admin call there is (design §4.3). The first is the hot one. */
export const ROUTES: readonly Route[] = [
  postEvents,
  getIngest,
  getStreamEvents,
  getTail,
  getKeys,
  deleteKey,
  getSessions,
  deleteSession,
  deleteSubscription,
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
  getReplays,
  postReplay,
  deleteReplays,
  getRequests,
  deleteRequests,
  getExplainSignature,
  getStatus,
  getSamples,
  getHealth,
  getReady,
  getMetrics,
  getConsole,
  getConsoleByName,
  // The last: its path fits every name.
  getConsoleFile,
];
