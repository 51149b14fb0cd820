import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as rolesanywhere from 'aws-cdk-lib/aws-rolesanywhere';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies } from './acknowledge';

/**
 * Which certificates are let in.
 */
export interface WalMachineProps {
  /** Certificate of the authority that signed the machine's, as PEM. */
  readonly authorityCertificate: string;

  /** Common name (CN) in the machine's certificate: others of the same authority are not let in. */
  readonly commonName: string;
}

/**
 * A machine outside AWS that archives: it proves itself with a certificate and gets credentials that last an hour.
 *
 * On the machine, AWS's `aws_signing_helper` gives them to the program, as `credential_process` of its profile.
 */
export class WalMachine extends Construct implements iam.IGrantable {
  /** What the certificates are checked against. */
  public readonly trustAnchor: rolesanywhere.CfnTrustAnchor;
  /** Which role they open. */
  public readonly profile: rolesanywhere.CfnProfile;
  /** The role. */
  public readonly role: iam.Role;
  /** The role, for grants. */
  public readonly grantPrincipal: iam.IPrincipal;
  /** For `credential_process` in the machine's AWS profile; put in where the certificate and its key lie. */
  public readonly credentialProcess: string;

  constructor(scope: Construct, id: string, props: WalMachineProps) {
    super(scope, id);
    const { authorityCertificate, commonName } = checked(props);
    const name = `postgres-backup-${this.node.addr.slice(-12)}`;
    this.trustAnchor = new rolesanywhere.CfnTrustAnchor(this, 'TrustAnchor', {
      name,
      enabled: true,
      source: { sourceType: 'CERTIFICATE_BUNDLE', sourceData: { x509CertificateData: authorityCertificate } },
    });
    this.role = new iam.Role(this, 'Role', {
      description: `Archives the write-ahead log: ${commonName}`,
      assumedBy: new iam.ServicePrincipal('rolesanywhere.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:PrincipalTag/x509Subject/CN': commonName },
          ArnEquals: { 'aws:SourceArn': this.trustAnchor.attrTrustAnchorArn },
        },
      }).withSessionTags(),
    });
    this.role.assumeRolePolicy?.addStatements(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('rolesanywhere.amazonaws.com')],
        actions: ['sts:SetSourceIdentity'],
        conditions: { ArnEquals: { 'aws:SourceArn': this.trustAnchor.attrTrustAnchorArn } },
      }),
    );
    acknowledgeInlinePolicies(this.role);
    this.grantPrincipal = this.role;
    this.profile = new rolesanywhere.CfnProfile(this, 'Profile', {
      name,
      enabled: true,
      roleArns: [this.role.roleArn],
      durationSeconds: 3600,
    });
    this.credentialProcess =
      'aws_signing_helper credential-process --certificate CERTIFICATE.pem --private-key KEY.pem ' +
      `--trust-anchor-arn ${this.trustAnchor.attrTrustAnchorArn} --profile-arn ${this.profile.attrProfileArn} --role-arn ${this.role.roleArn}`;
  }
}

function checked(props: WalMachineProps): WalMachineProps {
  const { authorityCertificate, commonName } = props;
  if (!Token.isUnresolved(authorityCertificate) && !authorityCertificate.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error(`authorityCertificate is '${authorityCertificate.slice(0, 40)}', but must be a certificate as PEM`);
  }
  // It is compared as it is; a token could be anything.
  if (Token.isUnresolved(commonName) || !/^[A-Za-z0-9 ._-]{1,64}$/.test(commonName)) {
    throw new Error(`commonName is '${commonName}', but must be 1 to 64 letters, digits, spaces, '.', '_' and '-'`);
  }
  return props;
}
