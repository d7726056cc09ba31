/** What an event says, in one line. */

type Members = Readonly<Record<string, unknown>>;

/** Told elsewhere: the type and the times that every event has. */
const UNTOLD = new Set(['e', 'E', 'T', 'u']);
const LEAVES_MAX = 5;

export function summaryOf(event: Members): string {
  const order = orderIn(event);
  if (order !== undefined) return orderSummary(order);
  const account = accountSummary(event);
  return account === '' ? leavesOf(event) : account;
}

/** Orders stand in `o`, in `so` of conditional ones, or are the event itself; all spell side, status and execution alike. */
function orderIn(event: Members): Members | undefined {
  return [event['o'], event['so'], event]
    .filter(isMembers)
    .find(({ s, S }) => typeof s === 'string' && typeof S === 'string');
}

function orderSummary(order: Members): string {
  const { S: side, s: symbol, q, p, l, L, x, X } = order;
  const traded = isAmount(l) && isAmount(L);
  const [quantity, price] = traded ? [l, L] : [q, p];
  const happened = [x, X].filter((each) => typeof each === 'string' && each !== '');
  return [
    `${text(side)} ${text(quantity)} ${text(symbol)}`,
    isAmount(price) ? ` @ ${text(price)}` : '',
    happened.length === 0 ? '' : ` · ${[...new Set(happened)].join(' → ')}`,
    isAmount(order['rp']) ? ` · profit ${text(order['rp'])}` : '',
  ].join('');
}

/** Balances and positions: futures have them in `a`, the others at the top. Empty where there are none. */
function accountSummary(event: Members): string {
  const holder = isMembers(event['a']) ? event['a'] : event;
  const reason = typeof holder['m'] === 'string' ? [holder['m']] : [];
  const balances = listIn(holder['B']).map(({ a, wb, f, b, l }) => {
    const locked = isAmount(l) ? ` (${text(l)} locked)` : '';
    return `${text(a)} ${text(wb ?? f ?? b)}${locked}`;
  });
  const positions = [...listIn(holder['P']), ...listIn(holder['p'])].map(
    ({ s, ps, pa }) => `${text(s)} ${ps === 'BOTH' || ps === undefined ? '' : `${text(ps)} `}${text(pa)}`,
  );
  const told = [...balances, ...positions];
  return told.length === 0 ? '' : [...reason, ...told].join(' · ');
}

const isAmount = (value: unknown): boolean => typeof value === 'string' && Number(value) !== 0;

/** The first members that are no objects, with their paths. */
function leavesOf(event: Members): string {
  const found: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (found.length >= LEAVES_MAX) return;
    if (typeof value !== 'object' || value === null) {
      found.push(path === '' ? text(value) : `${path} ${text(value)}`);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      const step = Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
      if (path !== '' || !UNTOLD.has(name)) walk(member, step);
    }
  };
  walk(event, '');
  return found.join('  ');
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null;
const listIn = (value: unknown): readonly Members[] => (Array.isArray(value) ? value.filter(isMembers) : []);
const text = (value: unknown): string => (value === undefined ? '' : String(value));
