import { PRODUCTS, type ProductId } from '@listenpost/protocol';
import { useState } from 'preact/hooks';
import { call, segment } from '../api.ts';
import { duration, instant, plural } from '../format.ts';
import { useKeptRows } from '../kept-rows.ts';
import { ask } from '../parts/dialogs.tsx';
import { Listing } from '../parts/listing.tsx';
import { say } from '../parts/notices.tsx';
import { hrefOf, keepParams, route } from '../route.ts';
import { serverNow } from '../server.ts';
import { loadSessions, type SessionRow } from './rows.ts';

export function Sessions() {
  const text = route.value.params.get('text') ?? '';
  const [after, setAfter] = useState('');
  const sessions = useKeptRows<SessionRow>(`sessions ${after}`, () => loadSessions(after));
  const wanted = text.toLowerCase();
  return (
    <div class="view">
      <Listing
        title="Connections"
        listed={sessions}
        shows={(row) => wanted === '' || told(row).includes(wanted)}
        none="No client is connected."
        columns={[
          { title: 'Id', width: '8%', show: ({ id }) => <span class="mono">{id}</span> },
          { title: 'Speaks', width: '17%', show: spoken },
          {
            title: 'Account',
            width: '13%',
            show: (row) => <span class="cut">{accountsOf(row).join(', ') || '–'}</span>,
          },
          { title: 'Address', width: '12%', show: ({ ip }) => <span class="cut mono">{ip}</span> },
          { title: 'Age', width: '10%', show: ({ openedAt }, ended) => <Age openedAt={openedAt} ended={ended} /> },
          { title: 'Reads', width: '40%', show: (row) => <Reads row={row} /> },
        ]}
        action={{ title: 'End', act: endSession(() => sessions.refresh()) }}
        more={sessions.next === undefined ? undefined : () => setAfter(sessions.next ?? '')}
        tools={
          <input
            type="search"
            aria-label="Show connections that contain"
            placeholder="account, stream, address …"
            value={text}
            onInput={(event) => keepParams('sessions', { text: event.currentTarget.value })}
          />
        }
      />
    </div>
  );
}

const told = (row: SessionRow): string =>
  [row.id, row.row, row.kind, row.ip, row.account, ...row.grants.map(({ stream }) => stream)].join(' ').toLowerCase();

const accountsOf = ({ account, grants }: SessionRow): readonly string[] => [
  ...new Set([...(account === null ? [] : [account]), ...grants.map(({ stream }) => stream.split('/')[0] ?? '')]),
];

function spoken({ kind, row }: SessionRow) {
  return (
    <span class="cut" title={PRODUCTS[row as ProductId]?.title ?? row}>
      {kind === 'wsApi' ? 'WebSocket API' : 'stream'} <span class="dim">{row.replace(/^ws-/, '')}</span>
    </span>
  );
}

function Age({ openedAt, ended }: { readonly openedAt: string; readonly ended: boolean }) {
  const since = Date.parse(openedAt);
  return (
    <span class="mono" title={`since ${instant(since)} UTC`}>
      {ended ? '' : duration(serverNow.value - since)}
    </span>
  );
}

function Reads({ row: { grants } }: { readonly row: SessionRow }) {
  if (grants.length === 0) return <span class="dim">nothing</span>;
  return (
    <span class="cut" title={grants.map(({ stream, grant }) => `${stream} by ${grant}`).join('\n')}>
      {grants.map(({ stream, grant }, index) => {
        const [account = '', scope = ''] = stream.split('/');
        return (
          <a key={index} class="tag" href={hrefOf('tail', { account, scope })}>
            {stream} <span class="dim">{grant}</span>
          </a>
        );
      })}
    </span>
  );
}

const endSession = (refresh: () => Promise<void>) => (row: SessionRow) =>
  ask({
    title: `End the connection ${row.id}?`,
    text: `It comes from ${row.ip} and reads ${row.grants.length === 0 ? 'nothing' : plural(row.grants.length, 'stream')}${row.grants.length === 0 ? '' : ` (${row.grants.map(({ stream }) => stream).join(', ')})`}. Its keys stay; a client that keeps its stream alive comes back.`,
    action: 'End the connection',
    async act() {
      await call('DELETE', `/sessions/${segment(row.id)}`);
      say(`The connection ${row.id} has ended.`);
      await refresh();
    },
  });
