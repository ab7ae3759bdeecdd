import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface NamedSchema {
  /** Name in the reference: that of the constant, as a type is written. */
  name: string;
  schema: z.ZodType;
  /** Module that exports it, from the root of the project, and the constant's name. */
  file: string;
  constant: string;
}

/** The schemas that contracts export under a name of their own. */
export async function namedSchemas(): Promise<NamedSchema[]> {
  const files = ['contract/index.ts', ...globSync('signaling/features/**/contract.ts', { cwd: ROOT }).sort()];
  const found = new Map<z.ZodType, NamedSchema>();
  for (const file of files) {
    const module = (await import(`${ROOT}${file}`)) as Record<string, unknown>;
    for (const [constant, schema] of Object.entries(module)) {
      if (schema instanceof z.ZodType && !isEmpty(schema) && !found.has(schema)) {
        const name = constant.charAt(0).toUpperCase() + constant.slice(1);
        found.set(schema, { name, schema, file, constant });
      }
    }
  }
  return [...found.values()];
}

/** Whether a name would say less than the schema: an empty object, or one that only TypeScript knows. */
function isEmpty(schema: z.ZodType): boolean {
  return (
    schema instanceof z.ZodCustom || (schema instanceof z.ZodObject && Object.keys(schema.shape).length === 0)
  );
}
