/** The parts of k6's built-in modules (k6 1.8) that the scripts use; no package provides them. */

declare module 'k6/data' {
  /** An array that all virtual users read from one copy. `make` runs once. */
  export const SharedArray: new <T>(name: string, make: () => T[]) => readonly T[];
}

declare module 'k6/encoding' {
  type Variant = 'std' | 'rawstd' | 'url' | 'rawurl';
  export function b64encode(input: ArrayBuffer | string, variant?: Variant): string;
  export function b64decode(input: string, variant?: Variant): ArrayBuffer;
}

declare module 'k6/execution' {
  const execution: { vu: { idInTest: number } };
  export default execution;
}

declare module 'k6/http' {
  const http: { get(url: string): { status: number; json(): unknown } };
  export default http;
}

declare module 'k6/metrics' {
  type Tags = Record<string, string>;
  /** `isTime`: its values are milliseconds. */
  export class Trend {
    constructor(name: string, isTime?: boolean);
    add(value: number, tags?: Tags): void;
  }
  export class Counter {
    constructor(name: string);
    add(value: number, tags?: Tags): void;
  }
  export class Rate {
    constructor(name: string);
    add(isTrue: boolean, tags?: Tags): void;
  }
}

declare module 'k6/websockets' {
  /** As in browsers, with headers. */
  export class WebSocket {
    constructor(url: string, protocols: string[] | null, parameters: { headers: Record<string, string> });
    onopen: () => void;
    onmessage: (event: { data: string }) => void;
    onerror: (event: { error: string }) => void;
    onclose: (event: { code: number }) => void;
    send(data: string): void;
    close(code?: number): void;
  }
}
