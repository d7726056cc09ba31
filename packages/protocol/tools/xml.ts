/** An XML element as the schema files use them: no namespaces resolved, no entities, no CDATA. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Text directly inside, trimmed. */
  text: string;
  /** The comment that stands right before the element; empty where another element stands between. */
  readonly comment: string;
  readonly children: XmlElement[];
}

const TOKEN = /<!--([\s\S]*?)-->|<\?[\s\S]*?\?>|<(\/?)([\w:]+)((?:\s+[\w:]+="[^"]*")*)\s*(\/?)>|([^<]+)|(<)/g;

/** Reads machine-written XML; throws on anything it does not know. Returns the root element. */
export function parseXml(xml: string): XmlElement {
  const document = element('document', '', '');
  const open = [document];
  let comment = '';
  for (const [, remark, closing, name = '', attributes = '', empty, text, stray] of xml.matchAll(TOKEN)) {
    const parent = open.at(-1);
    if (parent === undefined || stray !== undefined) throw new Error('XML: a tag that is not understood');
    if (remark !== undefined) comment = remark.trim();
    else if (text !== undefined) parent.text += text.trim();
    else if (closing === '/') close(open, name);
    else if (name !== '') {
      const child = element(name, attributes, comment);
      parent.children.push(child);
      comment = '';
      if (empty === '') open.push(child);
    }
  }
  const root = document.children[0];
  if (root === undefined || open.length !== 1) throw new Error('XML: an element is not closed');
  return root;
}

function close(open: XmlElement[], name: string): void {
  const closed = open.pop();
  if (closed?.name !== name) throw new Error(`XML: </${name}> closes <${closed?.name}>`);
}

function element(name: string, attributes: string, comment: string): XmlElement {
  const pairs = [...attributes.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]);
  return { name, attributes: Object.fromEntries(pairs), text: '', comment, children: [] };
}
