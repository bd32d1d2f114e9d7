// SPDX-License-Identifier: EUPL-1.2
// The parts of the operators' page, made of conf/web by daemon/api/web.cmake. The frame has
// {{lang}}, {{style}} and {{script}}, each once.
#ifndef CONTROL_PAGE_H
#define CONTROL_PAGE_H

extern const char page_frame[], page_style[], page_script[];

#endif
