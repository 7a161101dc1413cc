import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { root } from "../support/sources";

/** True for Output, Input-like unions and promises, whose text is not their value. */
function isDeferred(checker: ts.TypeChecker, type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some((part) => isDeferred(checker, part));
  const name = type.aliasSymbol?.name ?? type.symbol?.name;
  return ["OutputInstance", "Output", "Promise", "OutputImpl"].includes(name ?? "");
}

test("no Output or Promise is put into a text as it is", () => {
  const config = ts.getParsedCommandLineOfConfigFile(
    path.join(root, "tsconfig.json"),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (d) => assert.fail(String(d.messageText)),
    },
  );
  assert.ok(config);
  const entries = config.fileNames.filter((file) =>
    /\/(index|components\/.*|demo\/.*)\.ts$/.test(file),
  );
  const program = ts.createProgram(entries, { ...config.options, incremental: false });
  const checker = program.getTypeChecker();
  const found: string[] = [];
  const visit = (file: ts.SourceFile, node: ts.Node): void => {
    if (
      ts.isTemplateSpan(node) &&
      !ts.isTaggedTemplateExpression(node.parent.parent) &&
      isDeferred(checker, checker.getTypeAtLocation(node.expression))
    ) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${path.relative(root, file.fileName)}:${line + 1}: ${node.expression.getText()}`);
    }
    node.forEachChild((child) => visit(file, child));
  };
  for (const file of program.getSourceFiles()) {
    if (entries.includes(file.fileName)) visit(file, file);
  }
  assert.deepEqual(found, []);
});
