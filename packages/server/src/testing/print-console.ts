/** The console's page as a program of its own has it, and its files: for the test that compiles this. */
import { consoleFiles } from '../edge/console-files.ts';

const { page, find } = consoleFiles();
const html = new TextDecoder().decode((await find(page))?.bytes);
const names = [...html.matchAll(/(?:src|href)="\.?\/([^"]+)"/g)].map((match) => match[1] ?? '');
const files = await Promise.all(names.map(async (name) => ({ name, type: (await find(name))?.type })));
process.stdout.write(JSON.stringify({ page: html, files }));
