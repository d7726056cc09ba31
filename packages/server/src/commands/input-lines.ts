/**
 * Published input, line by line, as it comes: a file of any size costs one piece of memory.
 */
import { CommandError, sentenceOf } from './command-error.ts';

export interface InputLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** An event is a few hundred bytes; a line of this length is not made of lines. */
const LINE_CHARACTERS_MAX = 4 * 2 ** 20;

/**
 * The lines that are not blank, in groups of what has arrived together: input that trickles in is not held back. Throws
 * `CommandError` naming `name` on bytes that are no UTF-8, which JSON must be.
 */
export async function* linesOf(input: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<readonly InputLine[]> {
  let number = 0;
  let rest = '';
  for await (const text of decoded(input, name)) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    const group = parts.map((part) => ({ number: ++number, text: part })).filter(isNotBlank);
    if (group.length > 0) yield group;
    if (rest.length > LINE_CHARACTERS_MAX) {
      const fault = `longer than ${LINE_CHARACTERS_MAX} characters; put each event on a line of its own`;
      throw new CommandError(`${name} line ${number + 1}: ${fault}`);
    }
  }
  const last = { number: number + 1, text: rest };
  if (isNotBlank(last)) yield [last];
}

const isNotBlank = ({ text }: InputLine): boolean => text.trim() !== '';

async function* decoded(input: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const bytes of input) yield decoder.decode(bytes, { stream: true });
    yield decoder.decode();
  } catch (error) {
    const isUtf8 = (error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA';
    const fault = isUtf8 ? sentenceOf(error, name) : `${name}: not UTF-8 text, which JSON must be`;
    throw new CommandError(fault, 1, { cause: error });
  }
}

/** Large enough that an answer costs little, and small beside the server's bound on bodies (16 MiB). */
const REQUEST_LINES_MAX = 4000;
const REQUEST_CHARACTERS_MAX = 1024 * 1024;

/** A group in pieces of one request each, never fewer than one line. */
export function requestsOf(group: readonly InputLine[]): InputLine[][] {
  const requests: InputLine[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const line of group) {
    const request = requests.at(-1);
    characters += line.text.length;
    if (request !== undefined && request.length < REQUEST_LINES_MAX && characters <= REQUEST_CHARACTERS_MAX) {
      request.push(line);
    } else {
      requests.push([line]);
      characters = line.text.length;
    }
  }
  return requests;
}
