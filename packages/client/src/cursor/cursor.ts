/** How far a consumer has got, by scope, as opaque text: what `from` and a `CursorStore` take. */
import { type Position, parsePosition, printPosition } from '@listenpost/protocol';
import { OptionsError } from '../errors.ts';

/** `position` where the venue numbers its events; `at`: everything until this instant, in ms, had been handled. */
export interface Mark {
  readonly position?: Position;
  readonly at?: number;
}

const VERSION = 1;

interface Written {
  readonly v: number;
  readonly scopes: Readonly<Record<string, { readonly position?: string; readonly at?: number }>>;
}

export function cursorText(marks: ReadonlyMap<string, Mark>): string {
  const scopes = Object.fromEntries(
    [...marks].map(([scope, { position, at }]) => [
      scope,
      { ...(position === undefined ? {} : { position: printPosition(position) }), ...(at === undefined ? {} : { at }) },
    ]),
  );
  return JSON.stringify({ v: VERSION, scopes } satisfies Written);
}

/** @throws OptionsError where the text is no cursor. */
export function readCursor(text: string): Map<string, Mark> {
  const written = parsed(text);
  if (written?.v !== VERSION || typeof written.scopes !== 'object' || written.scopes === null) throw noCursor();
  return new Map(Object.entries(written.scopes).map(([scope, mark]) => [scope, markOf(mark)]));
}

function markOf({ position, at }: { readonly position?: string; readonly at?: number }): Mark {
  const parsedPosition = position === undefined ? undefined : parsePosition(position);
  if (position !== undefined && parsedPosition === undefined) throw noCursor();
  if (at !== undefined && !Number.isFinite(at)) throw noCursor();
  return {
    ...(parsedPosition === undefined ? {} : { position: parsedPosition }),
    ...(at === undefined ? {} : { at }),
  };
}

function parsed(text: string): Written | undefined {
  try {
    return JSON.parse(text) as Written;
  } catch {
    return undefined;
  }
}

const noCursor = () =>
  new OptionsError('from: expected "latest", a position such as "e1:42", or the `cursor` of a stream');
