import { PUBLIC_CA_BUNDLE_PATH, RDS_CA_BUNDLE_PATH } from '../model';

/**
 * Who must have signed the server's certificate. The task always connects with `sslmode=verify-full`: the certificate
 * must be signed by this authority and be for the host that was asked for.
 */
export class CertificateAuthority {
  /** Amazon RDS and Aurora: the global bundle, which is in the image. */
  public static rds(): CertificateAuthority {
    return new CertificateAuthority(RDS_CA_BUNDLE_PATH);
  }

  /** The authorities that browsers trust, as Mozilla lists them; what hosted databases such as Neon are signed by. */
  public static publicAuthorities(): CertificateAuthority {
    return new CertificateAuthority(PUBLIC_CA_BUNDLE_PATH);
  }

  /**
   * Certificates in a file of your own image (see `BackupImage.fromRegistry`).
   *
   * @param path absolute path of a PEM file in the image
   */
  public static fromFileInImage(path: string): CertificateAuthority {
    if (!path.startsWith('/')) {
      throw new Error(`certificate authority path '${path}' is not absolute: give the path inside the image, from /`);
    }
    return new CertificateAuthority(path);
  }

  private constructor(
    /** Path of the PEM file in the image. */
    public readonly path: string,
  ) {}
}
