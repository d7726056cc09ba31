/**
 * The encoder's last step: a body is made once and shared by all who read it; a subscription only stamps its envelope
 * around the same text. Nothing here parses or re-serialises the body.
 */

/** The opening of the combined form `{"stream":…,"data":…}` (derivatives §3.3), made once per subscription. */
export function combinedOpening(streamName: string): string {
  return `{"stream":${JSON.stringify(streamName)},"data":`;
}

export function combined(opening: string, body: string): string {
  return `${opening}${body}}`;
}

/** The opening of the WebSocket API's form `{"subscriptionId":…,"event":…}` (spot-margin §1.7), made once per subscription. */
export function eventOpening(subscriptionId: number): string {
  return `{"subscriptionId":${subscriptionId},"event":`;
}

/** The closing of a resumable subscription's frames up to the sequence (README: resume), made once per subscription. */
export function positionClosing(epoch: string): string {
  return `,"position":"${epoch}:`;
}

/** Either form, saying where the event stands. */
export function positioned(opening: string, body: string, closing: string, sequence: number): string {
  return `${opening}${body}${closing}${sequence}"}`;
}

/** An event of the connection itself has no subscription. */
export const CONNECTION_EVENT_OPENING = '{"event":';

export function eventFrame(opening: string, body: string): string {
  return `${opening}${body}}`;
}
