/** The schema's rows worked out for one version, so that encoding an event looks up nothing by name. */
import type {
  SbeDataRow,
  SbeEnumValue,
  SbeFieldRow,
  SbeGroupRow,
  SbeMessageRow,
  SbePrimitive,
  SbeSchema,
} from './schema.ts';
import { HEADER_BYTES, NON_REPRESENTABLE, PRIMITIVE_BYTES, primitiveOf, TEMPLATE } from './schema.ts';

export interface Place {
  /** The member's name in the JSON object; `..` for the object itself. */
  readonly key: string;
  /** Where the key leads into objects: its steps. */
  readonly steps: readonly string[] | undefined;
  /** From the top of the message, for error messages: `outboundAccountPosition.B[].f`. */
  readonly path: string;
}

export interface FieldPlan extends Place {
  readonly row: SbeFieldRow;
  readonly primitive: SbePrimitive;
  /** In the root block or group entry. */
  readonly offset: number;
  /** Of enums and sets: code or bit by JSON text. */
  readonly codes: ReadonlyMap<string, number> | undefined;
  /** The number that, like the text `jsonDefault`, stands for null; NaN where there is none. */
  readonly nullNumber: number;
}

export interface ExponentPlan {
  readonly offset: number;
  /** Those that share it. */
  readonly mantissas: readonly FieldPlan[];
}

export interface GroupPlan extends Place {
  readonly row: SbeGroupRow;
  readonly body: BodyPlan;
}

export interface DataPlan extends Place {
  readonly row: SbeDataRow;
}

/** A root block or group entry, and what follows it. */
export interface BodyPlan {
  readonly blockLength: number;
  readonly exponents: readonly ExponentPlan[];
  /** All others that have a place in JSON. */
  readonly fields: readonly FieldPlan[];
  readonly groups: readonly GroupPlan[];
  readonly data: readonly DataPlan[];
}

export interface MessagePlan {
  readonly row: SbeMessageRow;
  readonly body: BodyPlan;
  /** Of events: where the frame holds the subscriptionId; -1 where it has none. */
  readonly subscriptionIdOffset: number;
}

export interface VersionPlan {
  readonly schemaId: number;
  readonly version: number;
  readonly byTemplate: ReadonlyMap<number, MessagePlan>;
  /** By wire value of `e`. */
  readonly byEvent: ReadonlyMap<string, MessagePlan>;
  /** By WebSocket API method. */
  readonly byMethod: ReadonlyMap<string, MessagePlan>;
  /** By the name, then the text, of a message's constant: filters by their `filterType`. */
  readonly byConstant: ReadonlyMap<string, ReadonlyMap<string, MessagePlan>>;
  readonly webSocketResponse: MessagePlan;
  readonly errorResponse: MessagePlan;
  readonly nonRepresentable: MessagePlan;
}

/** Messages, fields and enum values of later versions are left out. */
export function planVersion(schema: SbeSchema, version: number): VersionPlan {
  const plans = schema.messages.filter((row) => isKnown(row, version)).map((row) => planMessage(schema, row, version));
  const byTemplate = new Map(plans.map((plan) => [plan.row.templateId, plan]));
  const template = (templateId: number): MessagePlan => {
    const plan = byTemplate.get(templateId);
    if (plan === undefined) throw new Error(`schema ${schema.schemaId}:${version} has no template ${templateId}`);
    return plan;
  };
  return {
    schemaId: schema.schemaId,
    version,
    byTemplate,
    byEvent: new Map(plans.flatMap((plan) => (plan.row.event === undefined ? [] : [[plan.row.event, plan]]))),
    byMethod: new Map(plans.flatMap((plan) => (plan.row.methods ?? []).map((method) => [method, plan]))),
    byConstant: plansByConstant(plans),
    webSocketResponse: template(TEMPLATE.webSocketResponse),
    errorResponse: template(TEMPLATE.errorResponse),
    nonRepresentable: template(TEMPLATE.nonRepresentable),
  };
}

function isKnown({ sinceVersion = 0 }: { readonly sinceVersion?: number }, version: number): boolean {
  return sinceVersion <= version;
}

function plansByConstant(plans: readonly MessagePlan[]): Map<string, Map<string, MessagePlan>> {
  const byConstant = new Map<string, Map<string, MessagePlan>>();
  for (const plan of plans) {
    for (const { name, text } of plan.row.fields) {
      if (text !== undefined) byConstant.set(name, (byConstant.get(name) ?? new Map()).set(text, plan));
    }
  }
  return byConstant;
}

function planMessage(schema: SbeSchema, row: SbeMessageRow, version: number): MessagePlan {
  const fields = row.fields.filter((field) => isKnown(field, version));
  const subscription = fields.find(({ name }) => row.event !== undefined && name === 'subscriptionId');
  const body = planBody(schema, { ...row, fields }, version, row.event ?? row.name);
  return {
    row,
    body: { ...body, fields: body.fields.filter((plan) => plan.row !== subscription) },
    subscriptionIdOffset: subscription === undefined ? -1 : HEADER_BYTES + offsetOf(schema, fields, subscription),
  };
}

type Body = Pick<SbeGroupRow, 'fields' | 'groups' | 'data'>;

function planBody(schema: SbeSchema, body: Body, version: number, path: string): BodyPlan {
  const fields = body.fields.filter((field) => isKnown(field, version) && field.type !== 'constant');
  const plans = fields.map((row) => planField(schema, row, offsetOf(schema, fields, row), version, path));
  return {
    blockLength: fields.reduce((length, row) => length + bytesOf(schema, row), 0),
    exponents: plans
      .filter(({ row }) => row.type === 'exponent8')
      .map(({ row: { name }, offset }) => ({ offset, mantissas: plans.filter(({ row }) => row.exponent === name) })),
    fields: plans.filter(({ row }) => row.type !== 'mantissa64' && row.type !== 'exponent8'),
    groups: body.groups.map((row) => planGroup(schema, row, version, path)),
    data: body.data.map((row) => ({ ...placeOf(row, path), row })),
  };
}

function planGroup(schema: SbeSchema, row: SbeGroupRow, version: number, path: string): GroupPlan {
  const place = placeOf(row, path);
  return { ...place, row, body: planBody(schema, row, version, `${place.path}[]`) };
}

function planField(schema: SbeSchema, row: SbeFieldRow, offset: number, version: number, path: string): FieldPlan {
  const { jsonDefault } = row;
  return {
    ...placeOf(row, path),
    row,
    primitive: primitiveOf(schema, row) ?? 'uint8',
    offset,
    codes: codesOf(schema, row, version),
    nullNumber: row.optional && jsonDefault ? Number(jsonDefault) : Number.NaN,
  };
}

function placeOf(row: { readonly name: string; readonly key?: string }, path: string): Place {
  const key = row.key ?? row.name;
  if (key === '..') return { key, steps: undefined, path };
  return { key, steps: key.includes('.') ? key.split('.') : undefined, path: `${path}.${key}` };
}

function codesOf(schema: SbeSchema, row: SbeFieldRow, version: number): ReadonlyMap<string, number> | undefined {
  const name = row.values ?? '';
  if (row.type === 'set') return new Map(schema.sets[name]?.choices.map(({ text, bit }) => [text, bit]));
  if (row.type !== 'enum') return undefined;
  const known: readonly SbeEnumValue[] = schema.enums[name]?.filter((value) => isKnown(value, version)) ?? [];
  return new Map(known.filter(({ text }) => text !== NON_REPRESENTABLE).map(({ text, code }) => [text, code]));
}

function bytesOf(schema: SbeSchema, row: SbeFieldRow): number {
  const primitive = primitiveOf(schema, row);
  return primitive === undefined ? 0 : PRIMITIVE_BYTES[primitive];
}

function offsetOf(schema: SbeSchema, fields: readonly SbeFieldRow[], row: SbeFieldRow): number {
  return fields.slice(0, fields.indexOf(row)).reduce((length, field) => length + bytesOf(schema, field), 0);
}
