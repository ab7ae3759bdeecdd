import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { type JsonSchema, limits, typeNotation } from './type-notation.ts';

const json = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
const notation = (schema: z.ZodType) => typeNotation(json(schema), undefined);

describe('notation of types in the reference', () => {
  it('shows limits and defaults behind fields, and marks optional ones', () => {
    const schema = z.object({
      question: z.string().min(1).max(300),
      seconds: z.int().min(10).max(60).optional(),
      multiple: z.boolean().default(false),
    });
    assert.equal(
      notation(schema),
      [
        '{',
        '  question: string; // 1–300 characters',
        '  seconds?: number; // integer, 10–60',
        '  multiple?: boolean; // default false',
        '}',
      ].join('\n'),
    );
  });

  it('writes unions, null, literals, arrays and records as TypeScript does', () => {
    assert.equal(notation(z.enum(['on', 'off']).nullable()), "'on' | 'off' | null");
    assert.equal(notation(z.array(z.enum(['on', 'off']))), "('on' | 'off')[]");
    assert.equal(notation(z.record(z.string(), z.number())), 'Record<string, number>');
    assert.equal(notation(z.tuple([z.string(), z.number()])), '[string, number]');
    assert.equal(notation(z.object({ 'a-b': z.literal(2) })), "{\n  'a-b': 2;\n}");
  });

  it('says what is asked of the items of an array', () => {
    assert.equal(limits(json(z.array(z.string().max(8)).min(2).max(12))), '2–12 items, each ≤ 8 characters');
  });

  it('leaves out the largest integer, which is no limit of the schema', () => {
    assert.equal(limits(json(z.int().min(0))), 'integer, ≥ 0');
  });
});
