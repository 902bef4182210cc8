import { readDockerfile, type DockerfileOptions } from '../../src/tasks/dockerfile';

const FROM = 'FROM node:24\n';

function argv(text: string, options: DockerfileOptions = {}) {
  const { entrypoint, command } = readDockerfile(text, options);
  return { entrypoint, command };
}

test.each([
  ['exec form', 'CMD ["node", "main.js"]', [], ['node', 'main.js']],
  ['shell form', 'CMD node main.js && echo $HOME', [], ['/bin/sh', '-c', 'node main.js && echo $HOME']],
  ['a list with single quotes, which is no JSON', "CMD ['node']", [], ['/bin/sh', '-c', "['node']"]],
  ['an exec form on two lines', 'CMD ["node", \\\n  # the program\n  "main.js"]', [], ['node', 'main.js']],
  [
    'a shell form on several lines with comments',
    'CMD node main.js \\\n\n# why\n  # and why\n  --fast',
    [],
    ['/bin/sh', '-c', 'node main.js    --fast'],
  ],
  ['lower case and Windows line ends', 'cmd ["a"]\r\nentrypoint ["b"]\r\n', ['b'], ['a']],
  ['both', 'ENTRYPOINT ["python"]\nCMD ["-m", "app"]', ['python'], ['-m', 'app']],
  ['the last of each', 'CMD ["a"]\nCMD ["b"]\nENTRYPOINT ["c"]\nENTRYPOINT ["d"]', ['d'], ['b']],
  ['an entrypoint in shell form', 'ENTRYPOINT exec node x.js', ['/bin/sh', '-c', 'exec node x.js'], []],
  ['SHELL', 'SHELL ["/bin/bash", "-eu", "-c"]\nCMD a | b', [], ['/bin/bash', '-eu', '-c', 'a | b']],
  ['an empty list, which removes the command', 'CMD ["a"]\nCMD []', [], []],
  ['variables, which exec form does not know', 'ENV A=x\nCMD ["echo", "$A"]', [], ['echo', '$A']],
  ['CMD in other instructions', 'HEALTHCHECK CMD ["x"]\nONBUILD CMD ["y"]\nRUN <<EOF\nCMD z\nEOF', [], []],
  ['an unknown instruction', 'WHATEVER ["x"]\nCMD ["a"]', [], ['a']],
])('reads %s', (_what, text, entrypoint, command) => {
  expect(argv(FROM + text)).toEqual({ entrypoint, command });
});

describe('of several stages', () => {
  const text = `
    ARG BASE=runtime
    FROM node:24 AS build
    CMD ["build"]
    FROM python:3.14 AS Runtime
    WORKDIR /app
    ENV A=1
    ENTRYPOINT ["python"]
    CMD ["runtime"]
    FROM \${BASE} AS debug
    WORKDIR sub
    ENV B=$A$A
    ENTRYPOINT ["pdb"]
    FROM runtime
    CMD ["last"]
  `.replace(/^ +/gm, '');

  test.each([
    [{}, ['python'], ['last']],
    [{ target: 'BUILD' }, [], ['build']],
    [{ target: '1' }, ['python'], ['runtime']],
    // An entrypoint of its own does not get the command of its base
    [{ target: 'debug' }, ['pdb'], []],
    [{ target: 'debug', args: { BASE: 'other' } }, ['pdb'], []],
  ])('%j selects', (options, entrypoint, command) => {
    expect(argv(text, options)).toEqual({ entrypoint, command });
  });

  test('a stage has the folder, the variables and the image of its base', () => {
    expect(readDockerfile(text, { target: 'debug' })).toMatchObject({
      workdir: '/app/sub',
      env: { A: '1', B: '11' },
      base: 'python:3.14',
    });
    expect(readDockerfile(text, { target: 'debug', args: { BASE: 'other:1' } })).toMatchObject({
      workdir: '/sub',
      env: { B: '' },
      base: 'other:1',
    });
  });

  test.each([
    ['its Dockerfile has no stage nowhere', text, 'nowhere'],
    ['its Dockerfile has no FROM', '# nothing', undefined],
    ['its Dockerfile has no FROM', '\u0000\u{1F600} not a Dockerfile', undefined],
  ])('throws: %s', (message, dockerfile, target) => {
    expect(() => readDockerfile(dockerfile, target === undefined ? {} : { target })).toThrow(message);
  });
});

test.each([
  ['ENV A=1 B="x y" C=\'z $A\' D=a\\ b', { A: '1', B: 'x y', C: 'z $A', D: 'a b' }],
  ['ENV A=1\nENV A=2 B=$A', { A: '2', B: '1' }],
  ['ENV NAME the value', { NAME: 'the value' }],
  ['ENV A=\\$HOME B="q\\"r" C="a\\b"', { A: '$HOME', B: 'q"r', C: 'a\\b' }],
  ['ENV A=1 \\\n  # comment\n  B=2', { A: '1', B: '2' }],
  [
    'ENV E=\nENV A=${E:-x} B=${E-x} C=${E:+x} D=${E+x} F=${NONE} G=$NONE/y H=${NONE:-${E:-z}}',
    {
      ...{ E: '', A: 'x', B: '', C: '', D: 'x', F: '', G: '/y', H: 'z' },
    },
  ],
  ['ARG V=1\nENV A=$V', { A: 'given' }],
  ['ENV V=2\nARG V=1\nENV A=$V', { V: '2', A: '2' }],
  ['ENV A=$constructor B=$toString', { A: '', B: '' }],
  ['ENV A=$ B=${ C=${1}', { A: '$', B: '${', C: '${1}' }],
])('%j sets variables', (text, env) => {
  expect(readDockerfile(FROM + text, { args: { V: 'given' } }).env).toEqual(env);
});

test('PATH extends that of this machine, and a Dockerfile may choose its escape character', () => {
  const { env } = readDockerfile('# escape=`\nFROM a\nENV PATH=/x:$PATH DIR=C:\\dir TICK=`$PATH');
  expect(env).toEqual({ PATH: `/x:${process.env.PATH}`, DIR: 'C:\\dir', TICK: '$PATH' });
});
