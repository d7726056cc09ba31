/** Data folders as a long life would leave them, made through the storage's own code. */
import { join } from 'node:path';
import { Redacted, type RegistryChange, type StoredListenKey } from '@listenpost/core';
import { nodeRandom } from '../packages/server/src/random.ts';
import { createSecretBox } from '../packages/server/src/secrets.ts';
import { openSegmentLog } from '../packages/server/src/storage/segment-log/segment-log.ts';
import { openSqliteRegistry } from '../packages/server/src/storage/sqlite-registry.ts';
import { accountId, sampleEvent } from './load/event.ts';
import { SECRET } from './server.ts';

/** The products whose streams a listenKey opens. */
const SCOPES = ['usdm', 'coinm', 'options', 'pm', 'risk'] as const;

const KEYS_PER_COMMIT = 20_000;
const VALIDITY_MS = 3_600_000;
const KEY_LENGTH = 64;

/**
 * `count` live listenKeys, one each of as many streams. Those of `connected` accounts on USDⓈ-M are real; of the others, which
 * nobody presents, the salt and the look-up are drawn instead of derived: to the store and at start they are the same.
 */
export async function prefillListenKeys(dataFolder: string, count: number, connected: number): Promise<void> {
  const registry = await openSqliteRegistry(join(dataFolder, 'registry.sqlite'));
  const keyOf = keyMaker(connected, Date.now() + VALIDITY_MS);
  for (let first = 0; first < count; first += KEYS_PER_COMMIT) {
    const ids = Array.from({ length: Math.min(KEYS_PER_COMMIT, count - first) }, (_, index) => first + index);
    await registry.commit(ids.map((id): RegistryChange => ({ kind: 'putListenKey', key: keyOf(id) })));
  }
  await registry.close();
}

function keyMaker(connected: number, deadline: number): (index: number) => StoredListenKey {
  const box = createSecretBox({ current: { id: SECRET.id, value: new Redacted(SECRET.value) }, previous: [] });
  return (index) => {
    const stream = streamOf(index, connected);
    const salt = drawn(12);
    const lookup =
      index < connected
        ? box.lookupOf(SECRET.id, box.deriveListenKey(SECRET.id, salt, stream, KEY_LENGTH))
        : drawn(17).slice(0, 22);
    return { id: index + 1, stream, secretId: SECRET.id, salt, lookup, deadline };
  };
}

/** The connected accounts' USDⓈ-M streams first, then every other stream, account by account. */
function streamOf(index: number, connected: number): string {
  if (index < connected) return `${accountId(index)}/usdm`;
  const other = index - connected;
  const inConnected = connected * (SCOPES.length - 1);
  if (other < inConnected) return `${accountId(other % connected)}/${SCOPES[1 + Math.floor(other / connected)]}`;
  const beyond = other - inConnected;
  return `${accountId(connected + Math.floor(beyond / SCOPES.length))}/${SCOPES[beyond % SCOPES.length]}`;
}

const drawn = (bytes: number) => Buffer.from(nodeRandom.bytes(bytes)).toString('base64url');

const EVENTS_PER_APPEND = 500;
/** Appends on their way at once: enough that the disk never waits. */
const APPENDS_IN_FLIGHT = 16;

/** At least `bytes` of events, spread evenly over the USDⓈ-M streams of `accounts` accounts. Gives the number of events. */
export async function prefillJournal(dataFolder: string, bytes: number, accounts: number): Promise<number> {
  const log = await openSegmentLog({
    folder: join(dataFolder, 'journal'),
    commit: 'write',
    random: nodeRandom,
    nowMs: () => Date.now(),
  });
  const body = sampleEvent(0).toString();
  const events = Math.ceil(bytes / body.length);
  const inFlight = new Set<Promise<unknown>>();
  for (let sent = 0; sent < events; sent += EVENTS_PER_APPEND) {
    const batch = Array.from({ length: EVENTS_PER_APPEND }, (_, index) => ({
      stream: `${accountId((sent + index) % accounts)}/usdm`,
      type: 'ORDER_TRADE_UPDATE',
      body,
    }));
    const append = log.append(batch).finally(() => inFlight.delete(append));
    inFlight.add(append);
    if (inFlight.size >= APPENDS_IN_FLIGHT) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  await log.close();
  return events;
}
