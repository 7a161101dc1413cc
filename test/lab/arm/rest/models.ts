/** The compiler as judge: values written as literals of the SDK's own types. */
import path from "node:path";
import ts from "typescript";

/** A value of a model of one of Microsoft's packages. */
export interface Modelled {
  from: "@azure/arm-network" | "@azure/arm-compute";
  model: string;
  value: unknown;
}

/** What the types of the packages say against values. */
export function modelProblems(root: string, values: readonly Modelled[]): string[] {
  const file = path.join(root, "test/lab/arm/rest/written.ts");
  const imports = [
    ...new Set(values.map(({ model, from }) => `import type { ${model} } from "${from}";`)),
  ];
  const lines = values.map(
    ({ model, value }, i) => `export const value${i}: ${model} = ${literal(value)};`,
  );
  const text = [...imports, ...lines].join("\n");
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [] },
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? text : readFile(name));
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? ts.createSourceFile(name, text, options.target ?? ts.ScriptTarget.ES2022)
      : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file);
  return [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ].map(
    ({ messageText, start }) =>
      `${text.slice(start, (start ?? 0) + 60)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
  );
}

/** A value as source; what is undefined is left out. */
function literal(value: unknown): string {
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{ ${entries.map(([name, inner]) => `${JSON.stringify(name)}: ${literal(inner)}`).join(", ")} }`;
}
