/** As much of npos as the tests use. */
declare module 'npos/lib/parser/index.js' {
  interface Node {
    readonly ascii: string;
    readonly fn?: string;
    readonly offset: number;
    readonly length: number;
  }
  interface Entry {
    readonly type: 'text' | 'raster' | 'bitmap';
    readonly nodes: readonly Node[];
    readonly data: Buffer & { readonly width: number; readonly height: number; getPixel(x: number, y: number): number };
  }
  class Parser {
    constructor(rules?: object);
    analyze(raw: Buffer): { readonly error?: Error; readonly tree: readonly Node[] };
    parse(raw: Buffer): Promise<{ readonly entries: readonly Entry[]; readonly tree: readonly Node[] }>;
  }
  export = Parser;
}
declare module 'npos/lib/parser/rules.js' {
  const rules: Record<number, Record<string, unknown>>;
  export = rules;
}
