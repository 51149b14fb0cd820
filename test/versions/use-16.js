process.env.PATH = [process.env.TEST_BINDIR_16, process.env.PATH].join(':');
