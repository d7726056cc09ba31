import { chooseSbeSchema, type SbeChoice } from '@listenpost/protocol';
import { WireError } from '../control/wire-error.ts';
import type { House } from '../house.ts';
import { QueryPairs } from './stream-url.ts';

/** As many digits as any schema id or version could need, with room. */
const INTEGER = /^-?\d{1,15}$/;

/**
 * The SBE schema that a WebSocket API URL asks for, by `responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5`; undefined
 * where it asks for JSON, which then lets the other two be (spot-margin §1.2, §7.2).
 *
 * Throws -1130 for a format that is neither or both, -1155 where SBE is off, -1102 for a missing parameter, -1152 for one
 * that is no integer or came twice, and -1153 for a schema that is not in force.
 */
export function sbeChoiceIn(house: House, query: string): SbeChoice | undefined {
  const pairs = new QueryPairs(query);
  const formats = new Set(pairs.all('responseFormat'));
  const [format = 'json'] = formats;
  if (formats.size > 1 || (format !== 'json' && format !== 'sbe')) {
    throw new WireError('INVALID_PARAMETER', ['responseFormat']);
  }
  if (format === 'json') return undefined;
  if (house.sbe === 'off') throw new WireError('SBE_DISABLED');
  const [schemaId, version] = [integerIn(pairs, 'sbeSchemaId'), integerIn(pairs, 'sbeSchemaVersion')];
  const choice = chooseSbeSchema(schemaId, version, house.rules.instantMs);
  if (choice === undefined) throw new WireError('UNSUPPORTED_SBE_SCHEMA');
  return choice;
}

function integerIn(pairs: QueryPairs, name: string): number {
  const [text, ...more] = pairs.all(name);
  if (text === undefined || text === '') throw new WireError('MANDATORY_PARAM', [name]);
  if (more.length > 0 || !INTEGER.test(text)) throw new WireError('INVALID_SBE_HEADER');
  return Number(text);
}
