import type { Emulation } from '../emulation.ts';
import { RecordingError, readRecording } from '../recording/format.ts';
import { ReplayError } from '../recording/replay.ts';
import { parseSpeed, SPEED_FORM } from '../recording/speed.ts';
import type { AdminContext } from './admin-api.ts';
import { jsonAnswer } from './answer.ts';
import { bodyText } from './body.ts';
import { assertEmulator } from './clock.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/**
 * Plays a recording, the body, to `account` (the first one), at `speed` (`1x`, `10x`, `max`). At `max` it answers when all is
 * durable; else at once, and the emulator's clock plays it.
 */
export const postReplay: Route = {
  method: 'POST',
  path: '/admin/v1/replay',
  role: 'publish',
  patient: true,
  async handle({ request, url }, context) {
    const { replays } = emulationOf(context);
    const account = url.searchParams.get('account') ?? context.house.accounts.all().next().value?.id ?? '';
    const speed = speedOf(url.searchParams.get('speed') ?? '1x');
    const text = await bodyText(request);
    const replay = told(() => replays.add(readRecording(text), account, speed));
    replay.begin();
    if (!Number.isFinite(speed)) await replay.ended;
    if (replay.state.fault !== undefined) throw new Refusal(400, replay.state.fault);
    return jsonAnswer(replay.state);
  },
};

export const getReplays: Route = {
  method: 'GET',
  path: '/admin/v1/replay',
  role: 'read',
  handle: (_call, context) => jsonAnswer({ replays: emulationOf(context).replays.states }),
};

/** Ends all. */
export const deleteReplays: Route = {
  method: 'DELETE',
  path: '/admin/v1/replay',
  role: 'admin',
  handle: (_call, context) => jsonAnswer({ removed: emulationOf(context).replays.removeAll() }),
};

function emulationOf(context: AdminContext): Emulation {
  assertEmulator(context, 'replays');
  if (context.emulation === null) throw new Refusal(404, 'this server replays nothing');
  return context.emulation;
}

function told<Value>(deed: () => Value): Value {
  try {
    return deed();
  } catch (cause) {
    if (cause instanceof RecordingError) throw new Refusal(400, cause.message, { cause, line: cause.line });
    if (cause instanceof ReplayError) throw new Refusal(400, cause.message, { cause });
    throw cause;
  }
}

function speedOf(text: string): number {
  const speed = parseSpeed(text);
  if (speed === undefined) throw new Refusal(400, `speed: ${SPEED_FORM}`);
  return speed;
}
