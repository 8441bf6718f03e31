// House rules that a linter can check. The import law and the doc-comment rule are tests: test/structure.

import tseslint from 'typescript-eslint'

const restricted = [
  { selector: 'TSEnumDeclaration', message: 'use a union of literals' },
  { selector: 'TSModuleDeclaration', message: 'no namespaces' },
  { selector: 'ExportAllDeclaration', message: 'name every export' },
  {
    selector: 'TSAsExpression > TSTypeReference[typeName.name=/^(Hash|PublicKey|NetworkId)$/]',
    message: 'ids are made by their checking functions in base/brand.ts'
  }
]

const doors = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'use the Clock port' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'use the Clock port' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'use the Random port' },
  { selector: "MemberExpression[object.name='performance'][property.name='now']", message: 'use the Clock port' },
  { selector: "CallExpression[callee.name=/^(setTimeout|setInterval)$/]", message: 'use the Clock port' }
]

const environment = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'the environment is read in node/config.ts alone'
  }
]

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    rules: {
      'max-len': ['error', { code: 110, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...restricted]
    }
  },
  {
    files: ['src/**/*.ts', 'scripts/**/*.ts', 'examples/**/*.ts'],
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error'
    }
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...restricted, ...doors, ...environment] }
  },
  {
    files: ['src/base/system.ts'],
    rules: { 'no-restricted-syntax': ['error', ...restricted, ...environment] }
  },
  {
    files: ['src/base/brand.ts'],
    rules: { 'no-restricted-syntax': ['error', ...restricted.slice(0, 3), ...doors, ...environment] }
  },
  {
    files: ['src/node/config.ts'],
    rules: { 'no-restricted-syntax': ['error', ...restricted, ...doors] }
  }
)
