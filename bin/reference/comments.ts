import { fileURLToPath } from 'node:url';
import {
  API,
  type Checker,
  type Project,
  SymbolFlags,
  type Symbol as TsSymbol,
  type Type,
} from 'typescript/unstable/sync';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Longest type that is shown as TypeScript prints it, in characters. */
const MAX_TYPE = 80;

/** The doc comments of a type's properties, as they stand in the source. */
export class Comments {
  readonly #checker: Checker;
  readonly #type: Type;

  constructor(checker: Checker, type: Type) {
    this.#checker = checker;
    this.#type = type;
  }

  /** The comment on a property, on one line; empty if there is none. */
  on(name: string): string {
    const property = this.#checker.getPropertyOfType(this.#type, name);
    return oneLine(property?.getDocumentationComment(this.#checker));
  }

  /** A property's type in TypeScript, for schemas that are functions rather than data. */
  typeOf(name: string): string {
    const property = this.#checker.getPropertyOfType(this.#type, name);
    const type = property && this.#checker.getTypeOfSymbol(property);
    const present = type && this.#checker.getNonNullableType(type);
    if (type === undefined || present === undefined) {
      return 'unknown';
    }
    const text = this.#checker.typeToString(present);
    const allowsNull = this.#checker.isTypeAssignableTo(this.#checker.getNullType(), type);
    return `${text.length > MAX_TYPE ? 'object' : text}${allowsNull ? ' | null' : ''}`;
  }

  /** The comments within a property's own type. */
  within(name: string): Comments | undefined {
    const property = this.#checker.getPropertyOfType(this.#type, name);
    return this.#of(property && this.#checker.getTypeOfSymbol(property));
  }

  /** The comments within the values of an array or a record. */
  get items(): Comments | undefined {
    return this.#of(this.#checker.getIndexInfosOfType(this.#type)[0]?.valueType);
  }

  /** Of a union: the comments within the member that has exactly these properties. */
  variant(names: readonly string[]): Comments | undefined {
    const wanted = [...names].sort().join();
    const members = this.#type.isUnionType() ? (this.#type.getTypes() ?? []) : [this.#type];
    const member = members.find(
      (type) =>
        this.#checker
          .getPropertiesOfType(type)
          .map(({ name }) => name)
          .sort()
          .join() === wanted,
    );
    return this.#of(member);
  }

  #of(type: Type | undefined): Comments | undefined {
    const present = type && this.#checker.getNonNullableType(type);
    return present && new Comments(this.#checker, present);
  }
}

/** Reads comments with the TypeScript compiler, which runs until {@link SourceComments.close}. */
export class SourceComments {
  readonly #api = new API({ cwd: ROOT });
  readonly #project: Project;

  constructor() {
    const [project] = this.#api.updateSnapshot({ openProjects: [`${ROOT}tsconfig.json`] }).getProjects();
    if (project === undefined) {
      throw new Error('the project has no tsconfig.json');
    }
    this.#project = project;
  }

  /** The comments within a constant that a module exports. @param file Path from the root of the project. */
  within(file: string, name: string): Comments | undefined {
    const constant = this.#exported(file, name);
    return constant && new Comments(this.#project.checker, typeOf(this.#project.checker, constant));
  }

  /** The comment on such a constant, on one line; empty if there is none. */
  on(file: string, name: string): string {
    return oneLine(this.#exported(file, name)?.getDocumentationComment(this.#project.checker));
  }

  close(): void {
    this.#api.close();
  }

  #exported(file: string, name: string): TsSymbol | undefined {
    const { checker, program } = this.#project;
    const source = program.getSourceFile(`${ROOT}${file}`);
    const module = source && checker.getSymbolAtLocation(source);
    const found = module && checker.getExportsOfModule(module).find((symbol) => symbol.name === name);
    // Names that an index passes on are aliases.
    return found && (found.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found);
  }
}

function oneLine(comment = ''): string {
  return comment.replaceAll(/\s+/g, ' ').trim();
}

function typeOf(checker: Checker, symbol: TsSymbol): Type {
  const type = checker.getTypeOfSymbol(symbol);
  if (type === undefined) {
    throw new Error(`${symbol.name} has no type`);
  }
  return type;
}

/** From a schema's comments to those of the values that it accepts or makes. */
export function commentsOfValues(schema: Comments | undefined, io: 'input' | 'output'): Comments | undefined {
  return schema?.within('_zod')?.within(io);
}
