echo shell
