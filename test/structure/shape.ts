// House rules on the shape of a file: a header comment, a doc comment on each exported name, a front that
// only names its exports, and a file name that says something.

import ts from 'typescript'
import { parseSource, type Sources } from './sources.js'

/** What a file lacks, in words, with where. */
export interface ShapeFault {
  readonly where: string
  readonly what: string
}

const vagueNames = /^(utils?|helpers?|common|misc|manager)\.ts$/
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*\.ts$/

/** All faults of form in a set of files; an empty set is one. */
export function checkShape(sources: Sources): readonly ShapeFault[] {
  if (sources.size === 0) return [{ where: 'src', what: 'no file was scanned' }]
  return [...sources].flatMap(([path, text]) => [
    ...checkName(path), ...checkHeader(path, text),
    ...(path.endsWith('/index.ts') ? checkFront(path, text) : checkDocs(path, text))
  ])
}

function checkName(path: string): readonly ShapeFault[] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (vagueNames.test(name)) return [{ where: path, what: 'a name that says nothing' }]
  return kebabCase.test(name) ? [] : [{ where: path, what: 'a name that is not kebab-case' }]
}

function checkHeader(path: string, text: string): readonly ShapeFault[] {
  const start = text.startsWith('#!') ? text.slice(text.indexOf('\n') + 1) : text
  return /^\/\/ \S/.test(start) ? [] : [{ where: path, what: 'no header comment' }]
}

function checkFront(path: string, text: string): readonly ShapeFault[] {
  const faults: ShapeFault[] = []
  for (const statement of parseSource(path, text).statements) {
    const polyfill = ts.isImportDeclaration(statement) && statement.importClause === undefined
    const named = ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined &&
      statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)
    if (!polyfill && !named) faults.push({ where: path, what: 'a front that does more than name its exports' })
  }
  return faults
}

function checkDocs(path: string, text: string): readonly ShapeFault[] {
  const file = parseSource(path, text)
  const listed = new Set(file.statements.flatMap(listedNames))
  const documented = new Map<string, boolean>()
  for (const statement of file.statements) {
    const exported = ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
    for (const name of declaredNames(statement)) {
      if (!exported && !listed.has(name)) continue
      documented.set(name, documented.get(name) === true || hasDoc(statement))
    }
  }
  return [...documented].filter(([, has]) => !has).map(([name]) => ({ where: path, what: `no doc comment: ${name}` }))
}

/** Names in `export { … }` without a source. */
function listedNames(statement: ts.Statement): readonly string[] {
  if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier !== undefined) return []
  if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) return []
  return statement.exportClause.elements.map((element) => (element.propertyName ?? element.name).text)
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText())
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    return [statement.name?.text ?? 'default']
  }
  const typed = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
  return typed ? [statement.name.text] : []
}

function hasDoc(node: ts.Node): boolean {
  const docs = ts.getJSDocCommentsAndTags(node).filter((doc) => ts.isJSDoc(doc))
  return docs.some((doc) => /[^/*\s]/.test(doc.getText()))
}
