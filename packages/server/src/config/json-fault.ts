/** Where a text stops being JSON: what the runtime's parser does not tell. For messages only; the parser decides. */
const TOKEN =
  /\s*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|($))/y;

type State = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'next' | 'end';

const EXPECTED: Readonly<Record<State, string>> = {
  value: 'a value',
  valueOrEnd: 'a value or "]"',
  key: 'a name in double quotes',
  keyOrEnd: 'a name in double quotes or "}"',
  colon: '":"',
  next: 'a comma or the closing bracket',
  end: 'nothing more',
};

/** `line 3, column 7: expected …`, for a text that the runtime's parser refused. */
export function jsonFault(text: string): string {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  TOKEN.lastIndex = 0;
  for (;;) {
    const start = TOKEN.lastIndex;
    const [, mark, quoted, literal] = TOKEN.exec(text) ?? [];
    const following = follow(state, mark ?? (quoted === undefined ? undefined : '"') ?? literal, open);
    if (following === undefined) return `${placeOf(text, start)}: expected ${EXPECTED[state]}`;
    state = following;
  }
}

/** The state after a token; undefined when it may not stand there. `open` keeps the brackets. */
function follow(state: State, token: string | undefined, open: ('{' | '[')[]): State | undefined {
  const opens = state === 'value' || state === 'valueOrEnd';
  const after = (): State => (open.length === 0 ? 'end' : 'next');
  switch (token) {
    case undefined:
      return undefined;
    case '{':
    case '[':
      if (!opens) return undefined;
      open.push(token);
      return token === '{' ? 'keyOrEnd' : 'valueOrEnd';
    case '}':
    case ']':
      if (state !== 'next' && state !== (token === '}' ? 'keyOrEnd' : 'valueOrEnd')) return undefined;
      return open.pop() === (token === '}' ? '{' : '[') ? after() : undefined;
    case ',':
      return state === 'next' ? (open.at(-1) === '{' ? 'key' : 'value') : undefined;
    case ':':
      return state === 'colon' ? 'value' : undefined;
    case '"':
      return state === 'key' || state === 'keyOrEnd' ? 'colon' : opens ? after() : undefined;
    default:
      return opens ? after() : undefined;
  }
}

function placeOf(text: string, start: number): string {
  const blank = /^\s*/.exec(text.slice(start))?.[0].length ?? 0;
  const before = text.slice(0, start + blank).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
