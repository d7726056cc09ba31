/**
 * A place in one stream: `<epoch>:<sequence>`. The epoch is made when the stream is, and belongs to it for good; the
 * sequence counts its events from 1. A position of one epoch says nothing about another.
 */
export interface Position {
  readonly epoch: string;
  readonly sequence: number;
}

const PRINTED = /^([A-Za-z0-9]{1,32}):(0|[1-9][0-9]{0,15})$/;

export function printPosition(position: Position): string {
  return `${position.epoch}:${position.sequence}`;
}

/** Undefined when the text is not a printed position. */
export function parsePosition(text: string): Position | undefined {
  const match = PRINTED.exec(text);
  if (match === null) return undefined;
  const sequence = Number(match[2]);
  return Number.isSafeInteger(sequence) ? { epoch: match[1] as string, sequence } : undefined;
}
