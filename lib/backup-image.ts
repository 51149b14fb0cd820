import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { assetDirectory } from './package-assets';
import { PostgresVersion } from './postgres-version';

/**
 * What an image must be for.
 */
export interface BackupImageOptions {
  /** Major version of the server: the client tools in the image must be of the same. */
  readonly postgresVersion: PostgresVersion;
  /** Processor of the task. */
  readonly cpuArchitecture: ecs.CpuArchitecture;
}

/**
 * The container image of the tasks: PostgreSQL's own tools of one major version, and the program.
 */
export abstract class BackupImage {
  /**
   * Built from the directory in this package when the app is deployed, for the version and processor of the task.
   * Needs Docker (or what `CDK_DOCKER` names) then, but not to synthesise.
   */
  public static fromPackage(): BackupImage {
    return new PackagedImage();
  }

  /**
   * From a registry. The image must be built from `assets/image` of this package, for the version and processor of the task.
   *
   * @param uri such as `registry.example.com/postgres-backup:17@sha256:…`; a digest pins what runs
   */
  public static fromRegistry(uri: string): BackupImage {
    if (uri.trim() === '')
      throw new Error("image uri is '': give one such as 'registry.example.com/postgres-backup:17'");
    return new GivenImage(ecs.ContainerImage.fromRegistry(uri));
  }

  /**
   * From an ECR repository, by digest: what runs cannot change without a deployment.
   *
   * @param repository the repository
   * @param digest such as `sha256:` and 64 hexadecimal digits
   */
  public static fromEcr(repository: ecr.IRepository, digest: string): BackupImage {
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
      throw new Error(`image digest '${digest}' is not a digest: use 'sha256:' and 64 hexadecimal digits, not a tag`);
    }
    return new GivenImage(ecs.ContainerImage.fromEcrRepository(repository, digest));
  }

  /**
   * The image for a task.
   *
   * @param options what it must be for
   */
  public abstract containerImage(options: BackupImageOptions): ecs.ContainerImage;
}

class PackagedImage extends BackupImage {
  public containerImage(options: BackupImageOptions): ecs.ContainerImage {
    return ecs.ContainerImage.fromAsset(assetDirectory('image', 'Dockerfile'), {
      buildArgs: { POSTGRES_MAJOR: options.postgresVersion.major },
      // The image and the task's runtimePlatform must agree, or the task dies with "exec format error".
      platform: platformOf(options.cpuArchitecture),
    });
  }
}

class GivenImage extends BackupImage {
  constructor(private readonly image: ecs.ContainerImage) {
    super();
  }

  public containerImage(): ecs.ContainerImage {
    return this.image;
  }
}

function platformOf({ _cpuArchitecture: name }: ecs.CpuArchitecture): Platform {
  return name === ecs.CpuArchitecture.X86_64._cpuArchitecture ? Platform.LINUX_AMD64 : Platform.LINUX_ARM64;
}
