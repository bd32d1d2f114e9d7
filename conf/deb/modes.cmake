# SPDX-License-Identifier: EUPL-1.2
# cpack runs this before it packs: folders were made with the umask of whoever builds, and dpkg would give them to everybody.
file(CHMOD_RECURSE ${CPACK_TEMPORARY_DIRECTORY} DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
