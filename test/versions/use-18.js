process.env.PATH = [process.env.TEST_BINDIR_18, process.env.PATH].join(':');
