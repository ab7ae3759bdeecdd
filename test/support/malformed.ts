import fc from 'fast-check';
import { z } from 'zod';

/** Valid values by field name. Messages with them get further than random ones. */
export type Hints = Readonly<Record<string, readonly unknown[]>>;

type JsonSchema = {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema | boolean;
  prefixItems?: JsonSchema[];
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  format?: string;
};

/**
 * Messages of a schema, corrupted in one to four places: fields missing, added, of another type, out of range, huge, nested, not finite.
 * Some are valid nonetheless.
 */
export function malformed(schema: z.ZodType, hints: Hints = {}): fc.Arbitrary<unknown> {
  const json = jsonSchemaOf(schema);
  return fc
    .tuple(conforming(json, hints), fc.array(fault, { minLength: 1, maxLength: 4 }))
    .map(([message, faults]) => {
      // Nested repetitions would grow without bound.
      const [first, ...others] = faults;
      const rest = others.filter(({ kind }) => kind !== 'repeat');
      return [...(first ? [first] : []), ...rest].reduce<unknown>(spoil, structuredClone(message));
    });
}

/** Messages that a schema accepts. */
export function wellFormed(schema: z.ZodType): fc.Arbitrary<unknown> {
  return conforming(jsonSchemaOf(schema), {}).filter((message) => schema.safeParse(message).success);
}

/** The same message with each slot name replaced by the slot's current value. */
export function filled(message: unknown, slots: Readonly<Record<string, string>>): unknown {
  // An object that occurs in several places is filled once.
  const made = new Map<object, unknown>();
  const fill = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') {
      return slots[value] ?? value;
    }
    const isList = Array.isArray(value);
    if ((!isList && !isRecord(value)) || depth > DEPTH) {
      return value;
    }
    const copy =
      made.get(value) ??
      (isList
        ? value.map((item) => fill(item, depth + 1))
        : Object.fromEntries(Object.entries(value).map(([key, field]) => [key, fill(field, depth + 1)])));
    made.set(value, copy);
    return copy;
  };
  return fill(message, 0);
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

function conforming(schema: JsonSchema, hints: Hints): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) {
    return fc.constant(schema.const);
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    return fc.oneof(...options.map((option) => conforming(option, hints)));
  }
  if (schema.enum) {
    return fc.constantFrom(...schema.enum);
  }
  switch (schema.type) {
    case 'object':
      return object(schema, hints);
    case 'array':
      return array(schema, hints);
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1e6, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function object(schema: JsonSchema, hints: Hints): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  if (typeof additionalProperties === 'object' && Object.keys(properties).length === 0) {
    return fc.dictionary(fc.string({ maxLength: 8 }), conforming(additionalProperties, hints), {
      maxKeys: 4,
    });
  }
  const fields = Object.entries(properties).map(([name, field]) => {
    const random = conforming(field, hints);
    const good = hints[name];
    const value = good
      ? fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: random })
      : random;
    return [name, value] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: required });
}

function array(schema: JsonSchema, hints: Hints): fc.Arbitrary<unknown> {
  if (schema.prefixItems) {
    return fc.tuple(...schema.prefixItems.map((item) => conforming(item, hints)));
  }
  const item = typeof schema.items === 'object' ? schema.items : {};
  const { minItems: minLength = 0, maxItems = 4 } = schema;
  return fc.array(conforming(item, hints), {
    minLength,
    maxLength: Math.max(minLength, Math.min(maxItems, 4)),
  });
}

function text({ format, pattern }: JsonSchema): fc.Arbitrary<unknown> {
  if (format === 'uuid') {
    return fc.uuid({ version: 4 });
  }
  if (format === 'base64') {
    return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64'));
  }
  return pattern === undefined ? fc.string({ maxLength: 40 }) : fc.stringMatching(new RegExp(pattern, 'u'));
}

interface Fault {
  /** Index of the field, counted through the whole message. */
  at: number;
  kind: 'replace' | 'remove' | 'add' | 'repeat' | 'nudge' | 'rename';
  hostile: unknown;
  times: number;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n += 1) {
    value = n % 2 === 0 ? [value] : { a: value };
  }
  return value;
}

const HOSTILE: unknown[] = [
  ...[null, undefined, true, false, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[0, -0, -1, 0.5, 1e308, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, -(2 ** 31) - 1, 65_536, 256, 255],
  ...[
    '',
    ' ',
    '0',
    'null',
    '__proto__',
    'constructor',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\u202e',
    '💥',
    '../..',
    '%s%n',
  ],
  ...['x'.repeat(257), 'x'.repeat(65_536), 'é'.repeat(300), '\r\nX: y'],
  ...[
    [],
    {},
    [[]],
    [null],
    [{}],
    { length: 1e9 },
    { __proto__: null, toString: 1 },
    nested(50),
    nested(2000),
  ],
  ...['audio/opus', 'video/VP8', 'video/rtx', 'L3T3', 'sha-256', 'urn:3gpp:video-orientation'],
  ...[Array(1000).fill(0), Array(1000).fill({}), new Uint8Array(16), new Date(0)],
];

const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.nat({ max: 200 }),
  kind: fc.constantFrom('replace', 'replace', 'remove', 'add', 'repeat', 'nudge', 'rename'),
  hostile: fc.constantFrom(...HOSTILE),
  times: fc.constantFrom(2, 2, 5, 5, 9, 9, 17, 65, 1000, 10_000),
});

type Place = { holder: Record<string, unknown>; key: string };

/** Maximum depth; no message of the protocol is deeper. */
const DEPTH = 10;

/** All fields of a message down to DEPTH, parents before children. */
function places(value: unknown, depth = 0): Place[] {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || depth > DEPTH) {
    return [];
  }
  const holder = value as Record<string, unknown>;
  const keys = Object.keys(holder).slice(0, 40);
  return keys.flatMap((key) => [{ holder, key }, ...places(holder[key], depth + 1)]);
}

function spoil(message: unknown, { at, kind, times, ...given }: Fault): unknown {
  const hostile: unknown = structuredClone(given.hostile);
  const all = places(message);
  const place = all[at % Math.max(1, all.length)];
  if (!place || at === 200) {
    return hostile;
  }
  const { holder, key } = place;
  const value = holder[key];
  if (kind === 'remove') {
    delete holder[key];
  } else if (kind === 'add') {
    holder[`${key}${times}`] = hostile;
    holder.extra = value;
  } else if (kind === 'repeat') {
    holder[key] = Array(times).fill(Array.isArray(value) ? (value[0] ?? hostile) : value);
  } else if (kind === 'rename') {
    delete holder[key];
    holder[key.toUpperCase()] = value;
  } else if (kind === 'nudge' && typeof value === 'number') {
    holder[key] = [value + 1, value - 1, -value, value + 0.5, value * 65_536, value * 2 ** 33][times % 6];
  } else if (kind === 'nudge' && typeof value === 'string') {
    holder[key] = [value.toUpperCase(), `${value} `, value.slice(1), value + value, value.slice(0, 4)][
      times % 5
    ];
  } else {
    holder[key] = hostile;
  }
  return message;
}
