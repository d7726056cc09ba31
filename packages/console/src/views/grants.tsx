import { useState } from 'preact/hooks';
import { call, segment } from '../api.ts';
import { plural } from '../format.ts';
import { useKeptRows } from '../kept-rows.ts';
import { Deadline } from '../parts/deadline.tsx';
import { ask } from '../parts/dialogs.tsx';
import { Listing } from '../parts/listing.tsx';
import { say } from '../parts/notices.tsx';
import { hrefOf, keepParams, route } from '../route.ts';
import { type AccountRow, type GrantRow, type KeyRow, loadAccounts, loadKeys, loadSessions } from './rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What reads by something other than a listenKey, and where. */
interface HeldGrant extends GrantRow {
  readonly id: string;
  readonly session: string;
}

export function Grants() {
  const account = route.value.params.get('account') ?? '';
  const [pages, setPages] = useState({ accounts: '', keys: '', sessions: '' });
  const accounts = useKeptRows<AccountRow>(`accounts ${pages.accounts}`, () => loadAccounts(pages.accounts));
  const keys = useKeptRows<KeyRow>(`keys ${account} ${pages.keys}`, () => loadKeys(account, pages.keys));
  const others = useKeptRows<HeldGrant>(`grants ${pages.sessions}`, async () => {
    const { rows, next } = await loadSessions(pages.sessions);
    return { rows: rows.flatMap(({ id: session, grants }) => grants.flatMap(heldIn(session))), next };
  });
  const go = (page: Partial<typeof pages>) => setPages((before) => ({ ...before, ...page }));
  const chosen = (stream: string) => account === '' || stream.startsWith(`${account}/`);
  return (
    <div class="view grid-grants">
      <Listing
        title="Accounts"
        listed={accounts}
        none="There is no account yet: PUT /admin/v1/accounts/{id} makes one."
        columns={[
          { title: 'Account', width: '34%', show: ({ id }) => <AccountLink id={id} chosen={id === account} /> },
          {
            title: 'API keys',
            width: '66%',
            show: ({ apiKeys }) =>
              apiKeys.length === 0 ? (
                <span class="dim">none</span>
              ) : (
                apiKeys.map(({ apiKey, type }, index) => (
                  <span key={index} class="tag" title={`${type}, ${apiKey}`}>
                    {type}
                  </span>
                ))
              ),
          },
        ]}
        action={{ title: 'Delete', act: deleteAccount(() => accounts.refresh()) }}
        more={accounts.next === undefined ? undefined : () => go({ accounts: accounts.next ?? '' })}
        tools={
          account !== '' && (
            <button type="button" onClick={() => keepParams('grants', {})}>
              All accounts
            </button>
          )
        }
      />
      <Listing
        title={account === '' ? 'listenKeys' : `listenKeys of ${account}`}
        listed={keys}
        none="No listenKey is live. POST /fapi/v1/listenKey makes one."
        columns={[
          { title: 'Key', width: '14%', show: ({ id }) => <span class="mono">{id}</span> },
          {
            title: 'Stream',
            width: '36%',
            show: ({ account: owner, scope }) => <Stream stream={`${owner}/${scope}`} />,
          },
          {
            title: 'Expires in',
            width: '30%',
            show: ({ expiresAt }, ended) => <Deadline expiresAt={expiresAt} validityMs={HOUR_MS} ended={ended} />,
          },
          {
            title: 'Read by',
            width: '20%',
            show: ({ subscriptions }) =>
              subscriptions === 0 ? <span class="dim">nobody</span> : plural(subscriptions, 'subscription'),
          },
        ]}
        action={{ title: 'End', act: endKey(() => keys.refresh()) }}
        more={keys.next === undefined ? undefined : () => go({ keys: keys.next ?? '' })}
      />
      <Listing
        title="Tokens, logons and signatures"
        listed={others}
        shows={({ stream }) => chosen(stream)}
        none="Nothing reads by a listenToken, a logon or a signature."
        columns={[
          { title: 'Grant', width: '14%', show: ({ grant }) => grant },
          { title: 'Stream', width: '36%', show: ({ stream }) => <Stream stream={stream} /> },
          {
            title: 'Expires in',
            width: '30%',
            show: ({ expiresAt }, ended) =>
              expiresAt === undefined ? (
                <span class="dim">with the connection</span>
              ) : (
                <Deadline expiresAt={expiresAt} validityMs={DAY_MS} ended={ended} />
              ),
          },
          { title: 'On', width: '20%', show: ({ session }) => <span class="mono">{session}</span> },
        ]}
        action={{ title: 'End', act: endGrant(() => others.refresh()) }}
        more={others.next === undefined ? undefined : () => go({ sessions: others.next ?? '' })}
      />
    </div>
  );
}

const heldIn =
  (session: string) =>
  (grant: GrantRow): readonly HeldGrant[] =>
    grant.id === undefined ? [] : [{ ...grant, id: grant.id, session }];

function AccountLink({ id, chosen }: { readonly id: string; readonly chosen: boolean }) {
  return (
    <a class="cut" href={hrefOf('grants', { account: id })} aria-current={chosen ? 'true' : undefined}>
      {id}
    </a>
  );
}

/** Leads to what the stream says. */
function Stream({ stream }: { readonly stream: string }) {
  const [account = '', scope = ''] = stream.split('/');
  return (
    <a class="cut" href={hrefOf('tail', { account, scope })} title="Open its live tail">
      {account}
      <span class="dim">/{scope}</span>
    </a>
  );
}

const endKey =
  (refresh: () => Promise<void>) =>
  ({ id, account, scope, subscriptions }: KeyRow) =>
    ask({
      title: `End the listenKey ${id}?`,
      text: `It is ${account}’s for ${scope}. ${subscriptions === 0 ? 'Nobody reads by it.' : `${plural(subscriptions, 'subscription')} read by it and will be told as the product does.`} The account’s next POST makes a new one.`,
      action: 'End the key',
      async act() {
        await call('DELETE', `/keys/${segment(id)}`);
        say(`The listenKey ${id} has ended.`);
        await refresh();
      },
    });

const endGrant =
  (refresh: () => Promise<void>) =>
  ({ id, stream, grant, session }: HeldGrant) =>
    ask({
      title: `End the subscription ${id}?`,
      text: `It reads ${stream} on the connection ${session} by a ${grant}. The client is sent eventStreamTerminated; its connection stays open, and it may subscribe again.`,
      action: 'End the subscription',
      async act() {
        await call('DELETE', `/subscriptions/${segment(id)}`);
        say(`The subscription ${id} has ended.`);
        await refresh();
      },
    });

const deleteAccount =
  (refresh: () => Promise<void>) =>
  ({ id }: AccountRow) =>
    ask({
      title: `Delete the account ${id}?`,
      text: 'Its API keys are refused from then on and its listenKeys end. What the journal holds of it stays until retention drops it.',
      action: 'Delete the account',
      async act() {
        await call('DELETE', `/accounts/${segment(id)}`);
        say(`The account ${id} is gone.`);
        await refresh();
      },
    });
