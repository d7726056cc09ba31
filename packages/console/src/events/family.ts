/** What kind of news an event is, for its colour. */
export type Family = 'order' | 'balance' | 'risk' | 'setting' | 'other';

const FAMILIES: readonly (readonly [pattern: RegExp, family: Family])[] = [
  [/MARGIN_CALL|RISK|LEVEL|LIABILITY|uniMMR|openOrderLoss|GREEK/i, 'risk'],
  [/ORDER|TRADE|execution|listStatus/i, 'order'],
  [/ACCOUNT_UPDATE|balance|Position|externalLock/i, 'balance'],
  [/CONFIG|STRATEGY|GRID/i, 'setting'],
];

export const familyOf = (type: string): Family => FAMILIES.find(([pattern]) => pattern.test(type))?.[1] ?? 'other';
