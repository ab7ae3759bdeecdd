import type { z } from 'zod';
import type { Comments } from './comments.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The largest integer that zod writes where a schema has no limit of its own. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const INDENT = '  ';

/** Writes a JSON Schema as a TypeScript type: comments of its source above the fields, limits and defaults behind them. */
export function typeNotation(schema: JsonSchema, comments: Comments | undefined, indent = ''): string {
  if (schema.$ref !== undefined) {
    return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  }
  if (schema.const !== undefined) {
    return literal(schema.const);
  }
  if (schema.enum !== undefined) {
    return schema.enum.map(literal).join(' | ');
  }
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) {
    return union
      .map((member) => typeNotation(asSchema(member), commentsOfVariant(asSchema(member), comments), indent))
      .join(' | ');
  }
  if (schema.allOf !== undefined) {
    return schema.allOf.map((part) => typeNotation(asSchema(part), comments, indent)).join(' & ');
  }
  switch (schema.type) {
    case 'object':
      return objectNotation(schema, comments, indent);
    case 'array':
      return arrayNotation(schema, comments, indent);
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    default:
      return 'unknown';
  }
}

/** What a JSON Schema asks of a value beside its type, for a reader. Empty: nothing. */
export function limits(schema: JsonSchema): string {
  const { minLength, maxLength, minItems, maxItems, pattern, format, minimum, maximum, exclusiveMinimum } =
    schema;
  const ofItems = schema.items === undefined ? '' : limits(asSchema(schema.items as JsonSchema));
  return [
    schema.type === 'integer' ? 'integer' : '',
    range(minimum, maximum === NO_LIMIT ? undefined : maximum, ''),
    typeof exclusiveMinimum === 'number' ? `> ${exclusiveMinimum}` : '',
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    ofItems === '' ? '' : `each ${ofItems}`,
    format ?? '',
    // A format says it better than the expression behind it.
    pattern !== undefined && format === undefined ? `/${pattern}/` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  if (min !== undefined && min === max) {
    return `${min}${unit}`;
  }
  if (min !== undefined && min > -NO_LIMIT && max !== undefined) {
    return `${min}–${max}${unit}`;
  }
  if (max !== undefined) {
    return `≤ ${max}${unit}`;
  }
  return min === undefined || min <= -NO_LIMIT ? '' : `≥ ${min}${unit}`;
}

function objectNotation(schema: JsonSchema, comments: Comments | undefined, indent: string): string {
  const properties = Object.entries(schema.properties ?? {});
  const { additionalProperties } = schema;
  if (properties.length === 0) {
    return typeof additionalProperties === 'object'
      ? `Record<string, ${typeNotation(additionalProperties, comments?.items, indent)}>`
      : '{}';
  }
  const inner = indent + INDENT;
  const lines = properties.flatMap(([name, value]) => {
    const property = asSchema(value);
    const comment = comments?.on(name) ?? '';
    const isRequired = schema.required?.includes(name) ?? false;
    const known = typeNotation(property, comments?.within(name), inner);
    const type = known === 'unknown' ? (comments?.typeOf(name) ?? known) : known;
    const notes = [
      limits(property),
      property.default === undefined ? '' : `default ${literal(property.default)}`,
    ].filter((note) => note !== '');
    return [
      ...(comment === '' ? [] : [`${inner}/** ${comment} */`]),
      `${inner}${isKey(name) ? name : `'${name}'`}${isRequired ? '' : '?'}: ${type};${notes.length === 0 ? '' : ` // ${notes.join('; ')}`}`,
    ];
  });
  return ['{', ...lines, `${indent}}`].join('\n');
}

function arrayNotation(schema: JsonSchema, comments: Comments | undefined, indent: string): string {
  if (schema.prefixItems !== undefined) {
    return `[${schema.prefixItems.map((item) => typeNotation(asSchema(item), undefined, indent)).join(', ')}]`;
  }
  const item = typeNotation(asSchema((schema.items ?? {}) as JsonSchema), comments?.items, indent);
  return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
}

function commentsOfVariant(member: JsonSchema, comments: Comments | undefined): Comments | undefined {
  return comments?.variant(Object.keys(member.properties ?? {}));
}

function asSchema(value: JsonSchema | boolean): JsonSchema {
  return typeof value === 'object' ? value : {};
}

function isKey(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name);
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
