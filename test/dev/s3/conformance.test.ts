/**
 * What the S3 documentation says, asked through Amazon's own client. The same suite runs against moto where `moto_server` is on the path, so that
 * the development server does not merely agree with the people who wrote it.
 */
import { buckets } from './conformance/buckets';
import { checksums } from './conformance/checksums';
import { listing } from './conformance/listing';
import { multipart } from './conformance/multipart';
import { objects } from './conformance/objects';
import { versions } from './conformance/versions';
import { MOTO_DEVIATIONS } from './support/moto-deviations';
import { conformance } from './support/suite';
import { findProgram, moto, ours } from './support/target';

const GROUPS = { objects, checksums, multipart, versions, listing, buckets };

conformance(ours, GROUPS);

const motoServer = findProgram('moto_server');
if (motoServer !== undefined) conformance(moto(motoServer, MOTO_DEVIATIONS), GROUPS);
