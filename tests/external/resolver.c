// Stands before the system's resolver in a process that is started with LD_PRELOAD, so that a test says which
// addresses a name has, and when they change. Names that end in ".test" have those of the first line of the file
// that TEST_ADDRESSES names, separated by spaces; each question takes its line away, but never the last.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Takes the first line of the file; whether there is one.
static int next(char *line, size_t size) {
    char rest[4096];
    FILE *file = fopen(getenv("TEST_ADDRESSES"), "r+");
    if (!file) return 0;
    int there = fgets(line, size, file) != NULL;
    size_t length = fread(rest, 1, sizeof rest, file);
    if (there && length > 0) {
        rewind(file);
        if (fwrite(rest, 1, length, file) != length || fflush(file) || ftruncate(fileno(file), length)) there = 0;
    }
    fclose(file);
    return there;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    resolve *system = (resolve *)dlsym(RTLD_NEXT, "getaddrinfo");
    size_t length = name ? strlen(name) : 0;
    if (length < 5 || strcmp(name + length - 5, ".test") != 0) return system(name, service, hints, found);
    char line[256];
    pthread_mutex_lock(&lock);
    int there = next(line, sizeof line);
    pthread_mutex_unlock(&lock);
    if (!there) return EAI_NONAME;
    struct addrinfo **end = found;
    char *place;
    for (char *address = strtok_r(line, " \n", &place); address; address = strtok_r(NULL, " \n", &place)) {
        int failure = system(address, service, hints, end);
        if (failure) return failure;
        while (*end) end = &(*end)->ai_next;
    }
    return end == found ? EAI_NONAME : 0;
}
