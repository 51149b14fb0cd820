// The AWS SDK advises every process on Node 20 to take a newer one; in tests that drowns what they have to say.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
