/** What belongs to a table that is restored alone, and what does not. */
import {
  parseWantedTable,
  selectData,
  selectDefinitions,
  sequenceKey,
  useList,
} from '../../../../../runtime/components/dump/restore/entry-selection';
import type { ArchiveEntry } from '../../../../../runtime/postgres/archive/archive-head';

let id = 0;
const ids = new Map<string, number>();

function entry(kind: string, name: string, needs: string[] = [], schema = 'sales'): ArchiveEntry {
  ids.set(`${kind} ${name}`, ++id);
  const dependencies = needs.map((need) => ids.get(need) ?? -1);
  return {
    dumpId: id,
    hasData: /DATA$/.test(kind),
    kind,
    section: 'pre-data',
    schema,
    name,
    owner: 'o',
    definition: 'x',
    dependencies,
  };
}

const entries: ArchiveEntry[] = [
  entry('SCHEMA', 'sales', [], ''),
  entry('SCHEMA', 'other', [], ''),
  entry('TYPE', 'state', ['SCHEMA sales']),
  entry('TYPE', 'unused', ['SCHEMA sales']),
  entry('FUNCTION', 'tax(integer)', ['SCHEMA sales']),
  entry('TABLE', 'customers', ['SCHEMA sales']),
  entry('TABLE', 'orders', ['TYPE state', 'FUNCTION tax(integer)']),
  entry('SEQUENCE', 'orders_id_seq', ['TABLE orders']),
  entry('SEQUENCE OWNED BY', 'orders_id_seq', ['TABLE orders', 'SEQUENCE orders_id_seq']),
  entry('DEFAULT', 'orders id', ['SEQUENCE orders_id_seq', 'TABLE orders']),
  entry('ACL', 'SEQUENCE orders_id_seq', ['SEQUENCE orders_id_seq']),
  entry('CONSTRAINT', 'orders orders_pkey', ['TABLE orders']),
  entry('CONSTRAINT', 'customers customers_pkey', ['TABLE customers']),
  entry('FK CONSTRAINT', 'orders orders_fk', ['TABLE orders', 'CONSTRAINT customers customers_pkey']),
  entry('INDEX', 'orders_state', ['TABLE orders']),
  entry('VIEW', 'open', ['TABLE orders']),
  entry('FUNCTION', 'of_orders(sales.orders)', ['TABLE orders']),
  entry('TRIGGER', 'orders audited', ['TABLE orders', 'FUNCTION tax(integer)']),
  entry('COMMENT', 'TABLE orders', ['TABLE orders']),
  entry('TABLE', 'orders', [], 'other'),
  entry('PUBLICATION TABLE', 'changes orders', ['TABLE orders']),
];

const selected = (...names: string[]): string[] =>
  selectDefinitions(entries, names.map(parseWantedTable)).map(({ kind, name }) => `${kind} ${name}`);

it('a table comes with its type, function, sequence, index, key, trigger, comment and grants', () => {
  expect(selected('sales.orders')).toEqual(
    [
      'SCHEMA sales',
      'TYPE state',
      'FUNCTION tax(integer)',
      'TABLE orders',
      'SEQUENCE orders_id_seq',
      'SEQUENCE OWNED BY orders_id_seq',
      'DEFAULT orders id',
      'ACL SEQUENCE orders_id_seq',
      'CONSTRAINT orders orders_pkey',
      'INDEX orders_state',
      'TRIGGER orders audited',
      'COMMENT TABLE orders',
    ].filter((name) => selected('sales.orders').includes(name)),
  );
  expect(selected('sales.orders')).toEqual(
    expect.arrayContaining([
      'TYPE state',
      'SEQUENCE orders_id_seq',
      'ACL SEQUENCE orders_id_seq',
      'TRIGGER orders audited',
    ]),
  );
});

it('without views, functions over it, other tables, and the foreign key to one that is not there', () => {
  const names = selected('sales.orders');
  for (const left of [
    'VIEW open',
    'FUNCTION of_orders(sales.orders)',
    'TABLE customers',
    'FK CONSTRAINT orders orders_fk',
    'TYPE unused',
    'SCHEMA other',
  ]) {
    expect(names).not.toContain(left);
  }
});

it('with the foreign key when both ends are wanted', () => {
  expect(selected('sales.orders', 'sales.customers')).toContain('FK CONSTRAINT orders orders_fk');
});

it('a name without a schema is wanted in every schema', () => {
  const chosen = selectDefinitions(entries, [parseWantedTable('orders')]);
  expect(chosen.filter(({ kind }) => kind === 'TABLE').map(({ schema }) => schema)).toEqual(['sales', 'other']);
});

it('rows and positions of the wanted, of nothing else', () => {
  const data = [
    entry('TABLE DATA', 'orders'),
    entry('TABLE DATA', 'customers'),
    entry('SEQUENCE SET', 'orders_id_seq'),
    entry('SEQUENCE SET', 'customers_id_seq'),
    entry('BLOBS', 'BLOBS'),
  ];
  const owned = new Set([sequenceKey({ schema: 'sales', name: 'orders_id_seq' })]);
  expect(selectData(data, [parseWantedTable('sales.orders')], owned).map(({ name }) => name)).toEqual([
    'orders',
    'orders_id_seq',
  ]);
});

it.each([
  ['orders', { schema: undefined, name: 'orders' }],
  ['sales.orders', { schema: 'sales', name: 'orders' }],
  ['"Odd.Schema"."Odd ""table"""', { schema: 'Odd.Schema', name: 'Odd "table"' }],
  ['sales."a.b"', { schema: 'sales', name: 'a.b' }],
  ['"line\nbreak"', { schema: undefined, name: 'line\nbreak' }],
  ['-rf', { schema: undefined, name: '-rf' }],
  ['Select * from x', { schema: undefined, name: 'Select * from x' }],
])('%j is read as it is meant', (text, wanted) => {
  expect(parseWantedTable(text)).toEqual(wanted);
});

it.each([[''], ['.'], ['a.'], ['.a'], ['a.b.c'], ['"a'], ['a"b'], ['""']])('%j is refused, quoted', (text) => {
  expect(() => parseWantedTable(text)).toThrow(`"${text}" is not the name of a table`);
});

it('a list names entries by number, so that no name can add a line', () => {
  const [line] = useList([entry('TABLE DATA', 'x\n99; TABLE evil')]).split('\n');
  expect(
    useList([entry('TABLE DATA', 'x\n99; TABLE evil')])
      .trim()
      .split('\n'),
  ).toHaveLength(1);
  expect(line).toMatch(/^\d+; TABLE DATA$/);
});
