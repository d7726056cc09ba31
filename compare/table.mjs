/** The results as Markdown: one table for each product, a row for each client. */
import { CLIENTS } from './clients.mjs';
import { FAULTS } from './faults.mjs';

export const BEGIN = '<!-- compare: made by `npm run compare`, not by hand -->';
export const END = '<!-- /compare -->';

const TITLES = { usdm: 'USDⓈ-M', spot: 'Spot' };

export function section({ versions, results }) {
  return Object.keys(TITLES)
    .map((product) => tableOf(product, versions, results))
    .join('\n\n');
}

function tableOf(product, versions, results) {
  const faults = FAULTS.filter(({ products }) => products.includes(product));
  const rows = CLIENTS.filter((client) => client.product === product).map((client) => [
    `\`${client.package}\` ${versions[client.package]}, ${client.use}`,
    ...faults.map(({ id }) => cell(results[id][client.id])),
  ]);
  return [[TITLES[product], ...faults.map(({ title }) => title)], faults.map(() => '---').concat('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** `all`: each event once, at the right callback, and nothing else. */
export function cell({ published, missed, silent, duplicated, strangers }) {
  const told = missed - silent;
  const parts = [
    ...(silent > 0 ? [`**${silent} of ${published} missed in silence**`] : []),
    ...(told > 0 ? [`${told} of ${published} missed, told`] : []),
    ...(duplicated > 0 ? [`${duplicated} twice`] : []),
    ...(strangers > 0 ? [`**${strangers} to the wrong account**`] : []),
  ];
  return parts.length === 0 ? 'all' : parts.join('; ');
}

/** The text with what stands between the markers made new. */
export function withSection(text, made) {
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`the markers ${BEGIN} and ${END} are not there`);
  return `${text.slice(0, before)}${BEGIN}\n\n${made}\n\n${text.slice(after)}`;
}
