import { after } from 'node:test';
import { leave } from './leave.mjs';
import { Received } from './received.mjs';

/** A connector's own user data stream, opened and subscribed: its listenKey, and what its callback is given. */
export async function openUserData(client) {
  const { listenKey } = await (await client.restAPI.startUserDataStream()).data();
  const streams = await client.websocketStreams.connect();
  after(() => leave(streams));
  const answers = new Received();
  const events = new Received();
  streams.on('message', (text) => answers.push(JSON.parse(text)));
  streams.userData(listenKey).on('message', events.push);
  await answers.first((message) => message.result === null);
  return { listenKey, events };
}
