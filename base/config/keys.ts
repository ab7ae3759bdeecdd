import { z } from 'zod';
import { configSchema } from './schema.ts';

/** One setting, as the reference page, the environment and error messages name it. */
export interface ConfigKey {
  /** Path in the configuration file, e.g. `rtc.port`. */
  path: string;
  /** Environment variable, e.g. `CANOPY_RTC_PORT`. */
  env: string;
  description: string;
  /** JSON of the default; undefined when there is none. */
  default: unknown;
  /** Human-readable type: the alternatives of an enum, or its JSON type. */
  type: string;
}

function envName(path: string): string {
  return `CANOPY_${path
    .replaceAll('.', '_')
    .replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;
}

function typeName(schema: { type?: unknown; enum?: unknown[]; anyOf?: unknown[] }): string {
  if (schema.enum) {
    return schema.enum.map((value) => `\`${value}\``).join(', ');
  }
  return typeof schema.type === 'string' ? schema.type : 'string';
}

/** All settings in the order of the schema. */
export function configKeys(): ConfigKey[] {
  interface JsonSchema {
    type?: string;
    enum?: unknown[];
    default?: unknown;
    description?: string;
    properties?: Record<string, JsonSchema>;
  }
  const root = z.toJSONSchema(configSchema, { io: 'output', unrepresentable: 'any' }) as JsonSchema;
  return Object.entries(root.properties ?? {}).flatMap(([section, { properties }]) =>
    Object.entries(properties ?? {}).map(([name, schema]) => {
      const path = `${section}.${name}`;
      return {
        path,
        env: envName(path),
        description: schema.description ?? '',
        default: schema.default,
        type: typeName(schema),
      };
    }),
  );
}
