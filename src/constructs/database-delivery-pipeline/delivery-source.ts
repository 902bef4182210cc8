import { type ISource, Source } from 'aws-cdk-lib/aws-codebuild';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';

/** A source bound to a pipeline. */
interface BoundSource {
  readonly source: ISource;
  readonly grantRead: (grantee: IGrantable) => void;
}

/** The source of migrations, models and tests. */
export class DeliverySource {
  /**
   * A repository on GitHub. Builds check out the commit for which they are started; the account needs access to it in
   * CodeBuild, unless it is public.
   *
   * @param owner a user or an organisation
   * @param repository name of the repository
   * @see https://docs.aws.amazon.com/codebuild/latest/userguide/access-tokens-github-overview.html
   */
  static gitHub(owner: string, repository: string): DeliverySource {
    return new DeliverySource(true, () => ({
      source: Source.gitHub({ owner, repo: repository, reportBuildStatus: false }),
      grantRead: () => undefined,
    }));
  }

  /**
   * A folder, which is uploaded with the app.
   *
   * @param path path of the folder, relative to the working directory of the app
   */
  static folder(path: string): DeliverySource {
    return new DeliverySource(false, (scope) => {
      const asset = new Asset(scope, 'Source', { path, exclude: ['node_modules'] });
      const object = asset.bucket.arnForObjects(asset.s3ObjectKey);
      return {
        source: Source.s3({ bucket: asset.bucket, path: asset.s3ObjectKey }),
        grantRead: ({ grantPrincipal }) => {
          grantPrincipal.addToPrincipalPolicy(
            new PolicyStatement({ actions: ['s3:GetObject', 's3:GetObjectVersion'], resources: [object] }),
          );
        },
      };
    });
  }

  /**
   * Whether a build checks out a commit.
   *
   * @internal
   */
  readonly _hasCommits: boolean;

  /**
   * Binds the source to a pipeline.
   *
   * @internal
   */
  readonly _bind: (scope: Construct) => BoundSource;

  private constructor(hasCommits: boolean, bind: (scope: Construct) => BoundSource) {
    this._hasCommits = hasCommits;
    this._bind = bind;
  }
}
