import { probe } from '../support/probe';

jest.setTimeout(120_000);

/** The permissions of requests in addition to s3:PutObject, with an object that has tags and one that has none. */
const PROBE = `
import json
from authorization import object_tags
from ministack.core import iam_actions
from ministack.core.responses import request_scope
from ministack.services import s3
object_tags.apply()
with request_scope("000000000000", "us-east-1"):
    s3._create_bucket("files", b"", {})
    s3._put_object("files", "tagged", b"1", {"x-amz-tagging": "a=b"})
    s3._put_object("files", "plain", b"1", {})
    def checks(key, headers, query=None):
        return iam_actions.s3_additional_checks("PUT", f"/files/{key}", headers, b"", query or {})
    print(json.dumps([
        checks("to", {"x-amz-copy-source": "files/tagged"}),
        checks("to", {"x-amz-copy-source": "files/plain"}),
        checks("to", {"x-amz-copy-source": "files/tagged", "x-amz-tagging-directive": "REPLACE"}),
        checks("to", {"x-amz-copy-source": "files/tagged", "x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "c=d"}),
        checks("a%20b", {"x-amz-tagging": "c=d"}),
        checks("to", {}),
        checks("to", {"x-amz-copy-source": "files/tagged"}, {"partNumber": "1", "uploadId": "u"}),
    ]))
`;

test('an object that is written with tags, or copied with them, needs the permissions for tags', async () => {
  const read = (name: string) => ['s3:GetObject', `arn:aws:s3:::files/${name}`];
  const tags = ['s3:GetObjectTagging', 'arn:aws:s3:::files/tagged'];
  const put = (name: string) => ['s3:PutObjectTagging', `arn:aws:s3:::files/${name}`];
  expect(await probe(PROBE)).toEqual([
    [read('tagged'), tags, put('to')],
    [read('plain')],
    [read('tagged')],
    [read('tagged'), put('to')],
    [put('a b')],
    [],
    [read('tagged')],
  ]);
});
