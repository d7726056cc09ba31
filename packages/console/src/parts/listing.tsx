import type { ComponentChildren } from 'preact';
import type { Kept, KeptRows } from '../kept-rows.ts';

export interface Column<Row> {
  readonly title: string;
  /** Of the table, in percent or any CSS length. */
  readonly width: string;
  readonly show: (row: Row, ended: boolean) => ComponentChildren;
}

interface ListingProps<Row extends { readonly id: string }> {
  readonly title: string;
  readonly listed: KeptRows<Row>;
  readonly columns: readonly Column<Row>[];
  /** What the rows are called where there is none: `no listenKey is live`. */
  readonly none: string;
  readonly shows?: (row: Row) => boolean;
  readonly action?: { readonly title: string; readonly act: (row: Row) => void; readonly can?: (row: Row) => boolean };
  readonly more?: (() => void) | undefined;
  readonly tools?: ComponentChildren;
}

/** A table of what there is and, marked, of what there was. */
export function Listing<Row extends { readonly id: string }>(props: ListingProps<Row>) {
  const { title, listed, columns, none, action, more, tools } = props;
  const rows = listed.rows.filter(({ row }) => props.shows?.(row) ?? true);
  const ended = listed.rows.filter((kept) => kept.ended).length;
  const live = rows.filter((kept) => !kept.ended).length;
  return (
    <section class="panel listing" aria-label={title}>
      <header class="panel-head">
        <h2>
          {title} <span class="count">{listed.loaded ? live : '–'}</span>
        </h2>
        <div class="bar">
          <button type="button" class={ended === 0 ? 'gone' : undefined} onClick={listed.clearEnded}>
            Clear {ended} ended
          </button>
          <button type="button" class={more === undefined ? 'gone' : undefined} onClick={more}>
            Next page
          </button>
          {tools}
        </div>
      </header>
      <section class="scroll" tabIndex={0} aria-label={`${title}, table`}>
        <table class="rows">
          <caption class="unseen">{title}</caption>
          <colgroup>
            {columns.map((column) => (
              <col key={column.title} style={{ width: column.width }} />
            ))}
            {action !== undefined && <col style={{ width: '84px' }} />}
          </colgroup>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.title} scope="col">
                  {column.title}
                </th>
              ))}
              {action !== undefined && (
                <th scope="col">
                  <span class="unseen">Action</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((kept) => (
              <ListingRow key={kept.row.id} kept={kept} columns={columns} action={action} />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && <Empty text={listed.fault ?? (listed.loaded ? none : 'Loading …')} />}
      </section>
      {listed.fault !== undefined && rows.length > 0 && (
        <p class="panel-fault" role="alert">
          {listed.fault}
        </p>
      )}
    </section>
  );
}

/** Another sentence is another element: one that changes its words would move its beginning. */
const Empty = ({ text }: { readonly text: string }) => (
  <p key={text} class="empty">
    {text}
  </p>
);

interface ListingRowProps<Row extends { readonly id: string }> {
  readonly kept: Kept<Row>;
  readonly columns: readonly Column<Row>[];
  readonly action: ListingProps<Row>['action'];
}

function ListingRow<Row extends { readonly id: string }>({
  kept: { row, ended },
  columns,
  action,
}: ListingRowProps<Row>) {
  const can = action?.can?.(row) ?? true;
  return (
    <tr class={ended ? 'ended' : undefined}>
      {columns.map((column) => (
        <td key={column.title}>{column.show(row, ended)}</td>
      ))}
      {action !== undefined && (
        <td class="act">
          {ended ? (
            <span class="dim">ended</span>
          ) : (
            can && (
              <button
                type="button"
                class="quiet"
                aria-label={`${action.title} ${row.id}`}
                onClick={() => action.act(row)}
              >
                {action.title}
              </button>
            )
          )}
        </td>
      )}
    </tr>
  );
}
