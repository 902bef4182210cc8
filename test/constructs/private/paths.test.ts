import { App, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { nameOf, pathOf } from '../../../src/constructs/private/paths';

const at = (...ids: string[]) =>
  ids.reduce<Construct>((scope, id) => new Construct(scope, id), new Stack(new App(), 'S'));

test('a path of usual ids stays as it is', () => {
  const construct = at('Orders-2', 'In_box.v1');
  expect([pathOf(construct), nameOf(construct)]).toEqual(['S/Orders-2/In_box.v1', 'S/Orders-2/In_box.v1']);
});

test('in a description, a path has the characters of security groups', () => {
  expect(pathOf(at('Größe "é" %'))).toBe('S/Gr__e ___ _');
});

test('in a description, a long path keeps its beginning and its end in 200 characters', () => {
  const path = pathOf(at('a'.repeat(200), 'Worker'));
  expect(path).toHaveLength(200);
  expect(path).toMatch(/^S\/a{97}\.\.\.a+\/Worker$/);
});

test('as a name, paths of other characters stay different, in ASCII', () => {
  expect([nameOf(at('Größe')), nameOf(at('Grüße'))]).toEqual(['S/Gr%C3%B6%C3%9Fe', 'S/Gr%C3%BC%C3%9Fe']);
});

test('as names, long paths have 255 characters, and stay different', () => {
  const names = ['A', 'B'].map((id) => nameOf(at('a'.repeat(300), id)));
  expect(names.map((name) => name.length)).toEqual([255, 255]);
  expect(names[0]).not.toBe(names[1]);
});
