// Tools must be chosen among several.
process.env.PATH = [process.env.TEST_BINDIR_18, process.env.TEST_BINDIR_16, process.env.PATH].join(':');
