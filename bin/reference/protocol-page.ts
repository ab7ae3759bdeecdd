import { z } from 'zod';
import { EVENTS, REQUESTS, SNAPSHOT_PARTS } from '../../signaling/index.ts';
import { type Comments, commentsOfValues, SourceComments } from './comments.ts';
import { type NamedSchema, namedSchemas } from './named-schemas.ts';
import { type JsonSchema, limits, typeNotation } from './type-notation.ts';

const CONTRACTS = 'signaling/features/contracts.ts';

type Direction = 'input' | 'output';

/** Writes the schemas of the protocol as types, each shared one once. */
class ProtocolPage {
  readonly #comments = new SourceComments();
  readonly #named: readonly NamedSchema[];
  readonly #registry = z.registry<{ id: string }>();
  /** The shared types that the page has named so far. */
  readonly #used = new Map<string, Direction>();

  constructor(named: readonly NamedSchema[]) {
    this.#named = named;
    for (const { name, schema } of named) {
      this.#registry.add(schema, { id: name });
    }
  }

  close(): void {
    this.#comments.close();
  }

  requests(): string[] {
    const comments = this.#comments.within(CONTRACTS, 'REQUESTS');
    return Object.entries(REQUESTS).flatMap(([name, { data, result }]) => {
      const own = comments?.within(name);
      return [
        ...heading(name, comments),
        ...this.#block('Data: ', data, 'input', own?.within('data')),
        ...this.#block('Result: ', result, 'output', own?.within('result')),
      ];
    });
  }

  events(): string[] {
    return this.#sections(EVENTS, 'EVENTS');
  }

  snapshotParts(): string[] {
    return this.#sections(SNAPSHOT_PARTS, 'SNAPSHOT_PARTS');
  }

  /** The shared types that the other sections name, and those that these name in turn. */
  types(): string[] {
    const written = new Map<string, string[]>();
    for (let pending = this.#pending(written); pending.length > 0; pending = this.#pending(written)) {
      for (const { name, schema, file, constant } of pending) {
        const comments = this.#comments.within(file, constant);
        const direction = this.#used.get(name) ?? 'output';
        written.set(name, [
          `## ${name}`,
          '',
          ...paragraph(this.#comments.on(file, constant)),
          ...this.#block('', schema, direction, comments, name),
        ]);
      }
    }
    return [...written.keys()].sort().flatMap((name) => written.get(name) ?? []);
  }

  #pending(written: ReadonlyMap<string, unknown>): NamedSchema[] {
    return this.#named.filter(({ name }) => this.#used.has(name) && !written.has(name));
  }

  #sections(schemas: Record<string, z.ZodType>, constant: string): string[] {
    const comments = this.#comments.within(CONTRACTS, constant);
    return Object.entries(schemas).flatMap(([name, schema]) => [
      ...heading(name, comments),
      ...this.#block('', schema, 'output', comments?.within(name)),
    ]);
  }

  /** @param name Given for a shared type's own definition. */
  #block(
    label: string,
    schema: z.ZodType,
    io: Direction,
    comments: Comments | undefined,
    name?: string,
  ): string[] {
    const whole = z.toJSONSchema(schema, { io, unrepresentable: 'any', metadata: this.#registry });
    const json = (name === undefined ? whole : (whole.$defs?.[name] ?? whole)) as JsonSchema;
    const text = typeNotation(json, commentsOfValues(comments, io));
    for (const [, used] of JSON.stringify(json).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      if (used !== undefined) {
        this.#used.set(used, this.#used.get(used) ?? io);
      }
    }
    if (text === '{}') {
      return [`${label}nothing.`, ''];
    }
    const note = limits(json);
    const noted = note === '' ? text : `${text} // ${note}`;
    return text.includes('\n')
      ? [...(label === '' ? [] : [label.trim(), '']), '```ts', noted, '```', '']
      : [`${label}\`${noted}\``, ''];
  }
}

function heading(name: string, comments: Comments | undefined): string[] {
  return [`## \`${name}\``, '', ...paragraph(comments?.on(name) ?? '')];
}

function paragraph(text: string): string[] {
  return text === '' ? [] : [text, ''];
}

/** The page about the protocol's requests and events. */
export async function protocolPage(generated: string): Promise<string> {
  const page = new ProtocolPage(await namedSchemas());
  try {
    const sections = [
      '# Requests',
      '',
      ...page.requests(),
      '# Parts of the snapshot of `room.join`',
      '',
      ...page.snapshotParts(),
      '# Events',
      '',
      ...page.events(),
    ];
    return [
      '# Protocol reference',
      '',
      generated,
      '',
      'Socket messages, written as TypeScript types with their limits as comments. Types with a capital letter are under [Types](#types). The prose is in [protocol.md](protocol.md).',
      '',
      ...sections,
      '# Types',
      '',
      ...page.types(),
    ].join('\n');
  } finally {
    page.close();
  }
}
