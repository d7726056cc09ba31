/** Turns a schema's XML into the table that the codec reads. */
import type {
  SbeDataRow,
  SbeEnumValue,
  SbeFieldRow,
  SbeFieldType,
  SbeGroupRow,
  SbeMessageRow,
  SbeSchema,
  SbeSetRow,
} from '../src/sbe/schema.ts';
import { ANNOTATIONS, MESSAGES, METHODS } from './sbe-annotations.ts';
import type { XmlElement } from './xml.ts';
import { parseXml } from './xml.ts';

/** @throws when the XML uses something that the codec does not know: then the codec must learn it first. */
export function sbeTable(xml: string): SbeSchema {
  const root = parseXml(xml);
  const types = new Map(named(root, 'types')[0]?.children.map((type) => [attribute(type, 'name'), type]));
  const messages = named(root, 'sbe:message')
    .filter((message) => MESSAGES.includes(integer(message, 'id')))
    .map((message) => messageRow(message, types));
  return {
    schemaId: integer(root, 'id'),
    version: integer(root, 'version'),
    enums: Object.fromEntries(used(messages, 'enum').map((name) => [name, enumValues(typeOf(types, name))])),
    sets: Object.fromEntries(used(messages, 'set').map((name) => [name, setRow(typeOf(types, name))])),
    messages,
  };
}

type Types = ReadonlyMap<string, XmlElement>;

function messageRow(message: XmlElement, types: Types): SbeMessageRow {
  const name = attribute(message, 'name');
  const methods =
    METHODS[name] ?? [...message.comment.matchAll(/"method":"([^"]+)"/g)].map(([, method = '']) => method);
  const event = /^"(\w+)"/.exec(message.comment)?.[1];
  return {
    templateId: integer(message, 'id'),
    name,
    ...since(message),
    ...(event === undefined ? {} : { event }),
    ...(methods.length === 0 ? {} : { methods }),
    ...body(message, types, name),
  };
}

function body(parent: XmlElement, types: Types, path: string): Pick<SbeGroupRow, 'fields' | 'groups' | 'data'> {
  return {
    fields: named(parent, 'field').map((field) => fieldRow(field, types, path)),
    groups: named(parent, 'group').map((group) => groupRow(group, types, path)),
    data: named(parent, 'data').map((data) => dataRow(data, types, path)),
  };
}

function fieldRow(field: XmlElement, types: Types, path: string): SbeFieldRow {
  const exponent = field.attributes['mbx:exponent'];
  return {
    ...common(field),
    ...fieldType(field, types),
    ...(field.attributes['presence'] === 'optional' ? { optional: true } : {}),
    ...since(field),
    ...(exponent === undefined ? {} : { exponent }),
    ...annotation(field, path),
  };
}

const PLAIN_TYPES: readonly string[] = [
  'utcTimestampUs',
  'boolEnum',
  'exponent8',
  'mantissa64',
] satisfies SbeFieldType[];
const PRIMITIVES: readonly string[] = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'];

function fieldType(field: XmlElement, types: Types): Pick<SbeFieldRow, 'type' | 'values' | 'text'> {
  const name = attribute(field, 'type');
  if (field.attributes['presence'] === 'constant') return { type: 'constant', text: constantText(field, types) };
  if (PLAIN_TYPES.includes(name) || PRIMITIVES.includes(name)) return { type: name as SbeFieldType };
  const type = typeOf(types, name);
  if (type.name === 'enum' || type.name === 'set') return { type: type.name, values: name };
  const primitive = type.attributes['primitiveType'] ?? '';
  if (type.name !== 'type' || type.attributes['length'] !== undefined || !PRIMITIVES.includes(primitive)) {
    throw new Error(`type ${name} of field ${attribute(field, 'name')} is not known to the codec`);
  }
  return { type: primitive as SbeFieldType };
}

/** `valueRef="filterType.PriceFilter"` names the enum and its value. */
function constantText(field: XmlElement, types: Types): string {
  const [enumName = '', valueName] = attribute(field, 'valueRef').split('.');
  const value = typeOf(types, enumName).children.find((child) => child.attributes['name'] === valueName);
  if (value === undefined) throw new Error(`${attribute(field, 'valueRef')}: the enum has no such value`);
  return jsonText(value);
}

function groupRow(group: XmlElement, types: Types, path: string): SbeGroupRow {
  refuseSince(group);
  const dimensionType = group.attributes['dimensionType'] ?? 'groupSizeEncoding';
  if (dimensionType !== 'groupSizeEncoding' && dimensionType !== 'groupSize16Encoding') {
    throw new Error(`dimensionType ${dimensionType} is not known to the codec`);
  }
  return {
    ...common(group),
    dimensionType,
    ...body(group, types, `${path}.${attribute(group, 'name')}`),
    ...annotation(group, path),
  };
}

function dataRow(data: XmlElement, types: Types, path: string): SbeDataRow {
  refuseSince(data);
  const [, optional, kind] = /^(optional)?(varString|messageData)(8|16)?$/i.exec(attribute(data, 'type')) ?? [];
  const length = typeOf(types, attribute(data, 'type')).children[0]?.attributes['primitiveType'];
  if (kind === undefined || (length !== 'uint8' && length !== 'uint16' && length !== 'uint32')) {
    throw new Error(`type ${attribute(data, 'type')} of data ${attribute(data, 'name')} is not known to the codec`);
  }
  return {
    ...common(data),
    type: kind.toLowerCase() === 'varstring' ? 'string' : 'message',
    length,
    ...(optional === undefined ? {} : { optional: true }),
    ...annotation(data, path),
  };
}

/** Of groups and data: later ones would have to be left out for earlier versions, which no schema has asked for yet. */
function refuseSince(row: XmlElement): void {
  if (row.attributes['sinceVersion'] === undefined) return;
  throw new Error(`${attribute(row, 'name')}: sinceVersion of <${row.name}> is not known to the codec`);
}

function common(row: XmlElement): Pick<SbeFieldRow, 'name' | 'key' | 'jsonDefault'> {
  const name = attribute(row, 'name');
  const { 'mbx:jsonPath': key, 'mbx:jsonDefaultValue': jsonDefault } = row.attributes;
  return {
    name,
    ...(key === undefined || key === name ? {} : { key }),
    ...(jsonDefault === undefined ? {} : { jsonDefault }),
  };
}

function annotation(row: XmlElement, path: string): object {
  return ANNOTATIONS[`${path}.${attribute(row, 'name')}`] ?? {};
}

function since(row: XmlElement): { readonly sinceVersion?: number } {
  return row.attributes['sinceVersion'] === undefined ? {} : { sinceVersion: integer(row, 'sinceVersion') };
}

function enumValues(type: XmlElement): SbeEnumValue[] {
  if (type.attributes['encodingType'] !== 'uint8') throw new Error(`enum ${attribute(type, 'name')} is no uint8`);
  return type.children.map((value) => ({ text: jsonText(value), code: Number(value.text), ...since(value) }));
}

function setRow(type: XmlElement): SbeSetRow {
  const primitive = attribute(type, 'encodingType');
  if (primitive !== 'uint8' && primitive !== 'uint16' && primitive !== 'uint32') {
    throw new Error(`set ${attribute(type, 'name')}: ${primitive} is not known to the codec`);
  }
  return { primitive, choices: type.children.map((choice) => ({ text: jsonText(choice), bit: Number(choice.text) })) };
}

/** Some enums have no JSON texts (spot-margin §6.9); their names stand in. */
function jsonText(value: XmlElement): string {
  return value.attributes['mbx:jsonValue'] ?? attribute(value, 'name');
}

/** Names of the enums or sets that the messages use, in the order of their first use. */
function used(bodies: readonly Pick<SbeGroupRow, 'fields' | 'groups'>[], type: 'enum' | 'set'): string[] {
  const names = bodies.flatMap(({ fields, groups }) => [
    ...fields.filter((field) => field.type === type).map((field) => field.values ?? ''),
    ...used(groups, type),
  ]);
  return [...new Set(names)];
}

function named(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter((child) => child.name === name);
}

function typeOf(types: Types, name: string): XmlElement {
  const type = types.get(name);
  if (type === undefined) throw new Error(`type ${name} is not in the schema`);
  return type;
}

function attribute(row: XmlElement, name: string): string {
  const value = row.attributes[name];
  if (value === undefined) throw new Error(`<${row.name}> has no ${name}`);
  return value;
}

function integer(row: XmlElement, name: string): number {
  const value = Number(attribute(row, name));
  if (!Number.isInteger(value)) throw new Error(`<${row.name}>: ${name} is no integer`);
  return value;
}
