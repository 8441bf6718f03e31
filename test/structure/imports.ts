// Finds what a file imports: static and dynamic imports, re-exports, type imports, require calls, and worker
// or data files named by `new URL(…, import.meta.url)`.

import ts from 'typescript'
import { parseSource } from './sources.js'

/** One specifier with the line it stands on, from 1. */
export interface Import {
  readonly specifier: string
  readonly line: number
}

/** Every specifier of a file, in order of appearance. */
export function importsOf(path: string, text: string): readonly Import[] {
  const file = parseSource(path, text)
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node)
    if (specifier !== undefined) {
      const line = file.getLineAndCharacterOfPosition(specifier.getStart(file)).line + 1
      found.push({ specifier: specifier.text, line })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier)
  if (ts.isExternalModuleReference(node)) return literal(node.expression)
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal)
  if (ts.isCallExpression(node) && loadsModule(node.expression)) return literal(node.arguments[0])
  if (ts.isNewExpression(node) && namesFile(node)) return literal(node.arguments?.[0])
  return undefined
}

function loadsModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  return ts.isIdentifier(callee) && callee.text.toLowerCase().endsWith('require')
}

function namesFile(node: ts.NewExpression): boolean {
  return ts.isIdentifier(node.expression) && node.expression.text === 'URL' &&
    node.arguments?.[1]?.getText() === 'import.meta.url'
}

function literal(node: ts.Node | undefined): ts.StringLiteralLike | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node : undefined
}
