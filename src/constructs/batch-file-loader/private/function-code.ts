import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type LoadRoute, LOAD_ROUTES_FILE } from '../../../contract/load-route';
import { handlerAssets } from '../../private/handler-function';

/** The code of the loader with its routes in a file: a JSON Schema is too large for a function's environment. */
export function loaderCode(routes: readonly LoadRoute[]): Code {
  const assets = handlerAssets('file-loader');
  const content = JSON.stringify(routes);
  return Code.fromAsset(assets, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: bundling is local and always succeeds
      image: DockerImage.fromRegistry('unused'),
      // The hash that distinguishes this bundling from another one of the same code
      environment: { ROUTES: content },
      local: {
        tryBundle(folder: string) {
          copyFileSync(join(assets, 'index.js'), join(folder, 'index.js'));
          writeFileSync(join(folder, LOAD_ROUTES_FILE), content);
          return true;
        },
      },
    },
  });
}
