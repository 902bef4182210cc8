import { spellings } from '../../../src/constructs/file-ingest-bucket/private/key-filter';

describe('spellings', () => {
  it('writes a suffix of up to four letters in every way', () => {
    expect(spellings('.7z')).toEqual(['.7z', '.7Z']);
    expect(spellings('.zip')).toEqual(['.zip', '.ziP', '.zIp', '.zIP', '.Zip', '.ZiP', '.ZIp', '.ZIP']);
    expect(spellings('.JSON')).toHaveLength(16);
  });

  it('writes a longer suffix as people do', () => {
    expect(spellings('.tar.gz')).toEqual(['.tar.gz', '.TAR.GZ', '.Tar.gz']);
    expect(spellings('.ParQuet')).toEqual(['.ParQuet', '.parquet', '.PARQUET', '.Parquet']);
  });

  it('leaves what has no case alone', () => {
    expect(spellings('-2026.01')).toEqual(['-2026.01']);
  });
});
