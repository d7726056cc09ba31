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
